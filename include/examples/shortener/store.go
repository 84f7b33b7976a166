package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"math/big"
	"time"
)

const (
	alphabet   = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	codeLength = 7
	tries      = 5
	// patience is how long a request waits for the database.
	patience = 5 * time.Second
)

var errNoLink = errors.New("no such link")

// link is a short name for an address.
type link struct {
	Code   string `json:"code"`
	URL    string `json:"url"`
	Visits int64  `json:"visits"`
}

// store keeps links in PostgreSQL.
type store struct {
	database *sql.DB
}

// add gives an address a name that nobody has yet.
func (s *store) add(ctx context.Context, url string) (link, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for range tries {
		code, err := newCode()
		if err != nil {
			return link{}, err
		}
		const insert = `INSERT INTO links (code, url) VALUES ($1, $2) ON CONFLICT DO NOTHING`
		done, err := s.database.ExecContext(ctx, insert, code, url)
		if err != nil {
			return link{}, err
		}
		if count, err := done.RowsAffected(); err != nil || count == 1 {
			return link{Code: code, URL: url}, err
		}
	}
	return link{}, fmt.Errorf("%d codes were all taken", tries)
}

// find returns a link, or errNoLink.
func (s *store) find(ctx context.Context, code string) (link, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	found := link{Code: code}
	const query = `SELECT url, visits FROM links WHERE code = $1`
	err := s.database.QueryRowContext(ctx, query, code).Scan(&found.URL, &found.Visits)
	return found, noRows(err)
}

// visit counts a visit, and returns where it leads; or errNoLink.
func (s *store) visit(ctx context.Context, code string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var url string
	const update = `UPDATE links SET visits = visits + 1 WHERE code = $1 RETURNING url`
	err := s.database.QueryRowContext(ctx, update, code).Scan(&url)
	return url, noRows(err)
}

// schema returns the number of the newest migration.
func (s *store) schema(ctx context.Context) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var number int64
	const query = `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`
	err := s.database.QueryRowContext(ctx, query).Scan(&number)
	return number, err
}

func noRows(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return errNoLink
	}
	return err
}

func newCode() (string, error) {
	code := make([]byte, codeLength)
	for place := range code {
		number, err := rand.Int(rand.Reader, big.NewInt(int64(len(alphabet))))
		if err != nil {
			return "", err
		}
		code[place] = alphabet[number.Int64()]
	}
	return string(code), nil
}
