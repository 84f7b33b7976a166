package main

import (
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"
)

// start is how long a database may take that is started together with the tests.
const start = 30 * time.Second

// newStore makes a database for one test, in the server that DATABASE_URL names.
func newStore(t *testing.T) *store {
	t.Helper()
	server := open(t, os.Getenv("DATABASE_URL"))
	name := fmt.Sprintf("test_%d", time.Now().UnixNano())
	execute(t, server, "CREATE DATABASE "+name)
	address, err := url.Parse(os.Getenv("DATABASE_URL"))
	if err != nil {
		t.Fatal(err)
	}
	address.Path = "/" + name
	database := open(t, address.String())
	t.Cleanup(func() {
		database.Close()
		execute(t, server, "DROP DATABASE "+name+" WITH (FORCE)")
		server.Close()
	})
	execute(t, database, "CREATE TABLE goose_db_version (version_id bigint, is_applied boolean)")
	for number, migration := range migrations(t) {
		execute(t, database, migration.up)
		execute(t, database, fmt.Sprintf("INSERT INTO goose_db_version VALUES (%d, true)", number+1))
	}
	return &store{database: database}
}

func open(t *testing.T, address string) *sql.DB {
	t.Helper()
	if address == "" {
		t.Fatal("DATABASE_URL is not set")
	}
	database, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(start); ; time.Sleep(100 * time.Millisecond) {
		if err = database.Ping(); err == nil {
			return database
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

func execute(t *testing.T, database *sql.DB, statement string) {
	t.Helper()
	if _, err := database.Exec(statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// migration is enough of goose for tests: the two halves of a file.
type migration struct {
	name, up, down string
}

func migrations(t *testing.T) []migration {
	t.Helper()
	files, err := filepath.Glob("migrations/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no migrations", err)
	}
	sort.Strings(files)
	found := make([]migration, len(files))
	for number, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, halves, _ := strings.Cut(string(text), "-- +goose Up\n")
		up, down, _ := strings.Cut(halves, "-- +goose Down\n")
		found[number] = migration{name: file, up: up, down: down}
	}
	return found
}

func TestMigrationsLeaveNothingBehind(t *testing.T) {
	database := newStore(t).database
	all := migrations(t)
	for number := len(all) - 1; number >= 0; number-- {
		execute(t, database, all[number].down)
	}
	var tables int
	const left = `SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename <> $1`
	if err := database.QueryRow(left, "goose_db_version").Scan(&tables); err != nil || tables != 0 {
		t.Errorf("%d tables are left, %v", tables, err)
	}
}
