// Shortener gives long addresses short names, and sends visitors on.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
)

// version is the release's, which the build sets.
var version = "unknown"

const (
	// configError is EX_CONFIG: a setting is missing, and trying again will not find it.
	configError = 78
	// graceful is how long requests in flight may take once the service is to stop.
	graceful = 20 * time.Second
	// connections to the database, at most.
	connections = 8
)

func main() {
	if err := run(); err != nil {
		slog.Error("shortener ends", "error", err)
		os.Exit(exitCode(err))
	}
}

// errConfig marks what a restart does not cure.
var errConfig = errors.New("configuration")

func exitCode(err error) int {
	if errors.Is(err, errConfig) {
		return configError
	}
	return 1
}

func run() error {
	url := os.Getenv("DATABASE_URL")
	if url == "" {
		return fmt.Errorf("%w: DATABASE_URL is not set", errConfig)
	}
	database, err := sql.Open("pgx", url)
	if err != nil {
		return fmt.Errorf("%w: DATABASE_URL: %w", errConfig, err)
	}
	defer database.Close()
	database.SetMaxOpenConns(connections)
	database.SetMaxIdleConns(connections)

	server := &http.Server{
		Addr:              net.JoinHostPort("", setting("SHORTENER_PORT", "8000")),
		Handler:           newHandler(&store{database: database}),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      15 * time.Second,
	}
	return serve(server)
}

// serve answers until the process is told to stop, and then to the last request in flight.
func serve(server *http.Server) error {
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer cancel()
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	slog.Info("shortener serves", "address", server.Addr, "version", version)
	select {
	case err := <-failed:
		return err
	case <-stop.Done():
	}
	ending, cancel := context.WithTimeout(context.Background(), graceful)
	defer cancel()
	return server.Shutdown(ending)
}

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}
