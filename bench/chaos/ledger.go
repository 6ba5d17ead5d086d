package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// ledger is the application with the book that it keeps, in a directory of its own.
type ledger struct {
	python string
	dir    string
}

// ledgerTimeout is how long the book may take to be made or read.
const ledgerTimeout = 30 * time.Second

// openLedger copies the application from its folder into a new directory, where it can be broken, and makes its book.
func openLedger(ctx context.Context, python, apps, dir string) (ledger, error) {
	l := ledger{python, dir}
	program, err := os.ReadFile(filepath.Join(apps, "ledger.py"))
	if err != nil {
		return l, fmt.Errorf("open the ledger: %w", err)
	}
	if err := errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(l.source(), program, 0o600)); err != nil {
		return l, fmt.Errorf("open the ledger: %w", err)
	}
	_, err = l.ask(ctx, "create")
	return l, err
}

func (l ledger) source() string { return filepath.Join(l.dir, "ledger.py") }

// book is how often each order was begun and ended, by its name.
type book struct {
	Begun map[string]int `json:"begun"`
	Ended map[string]int `json:"ended"`
}

// read reads what the application has written so far.
func (l ledger) read(ctx context.Context) (book, error) {
	text, err := l.ask(ctx, "dump")
	if err != nil {
		return book{}, err
	}
	var written book
	if err := json.Unmarshal(text, &written); err != nil {
		return book{}, fmt.Errorf("read the ledger: %w", err)
	}
	return written, nil
}

// ask lets the application do that with its book.
func (l ledger) ask(ctx context.Context, what string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, ledgerTimeout)
	defer cancel()
	out, err := exec.CommandContext(ctx, l.python, "-B", l.source(), what).Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil, fmt.Errorf("%s the ledger: %w\n%s", what, err, exit.Stderr)
	}
	return out, err
}
