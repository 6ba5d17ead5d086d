package limits

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// fixture is what the helpers of tests need in the place of a test: it ends by an error where a test would fail.
type fixture struct {
	ctx  context.Context
	ends []func()
	err  error
}

// errFailed is what FailNow panics with. It goes no further than withFixture.
var errFailed = errors.New("failed")

// withFixture runs do, ends what it has started, in reverse, and returns what went wrong.
func withFixture(ctx context.Context, do func(*fixture) error) (err error) {
	f := &fixture{ctx: ctx}
	defer func() {
		for _, end := range slices.Backward(f.ends) {
			end()
		}
		switch p := recover(); {
		case p == errFailed: //nolint:errorlint // it is the very value that FailNow panics with
			err = f.err
		case p != nil:
			panic(p)
		}
	}()
	if err = do(f); err == nil {
		err = f.err
	}
	return err
}

// Errorf notes a failure.
func (f *fixture) Errorf(format string, args ...any) { f.err = fmt.Errorf(format, args...) }

// FailNow ends what withFixture runs.
func (f *fixture) FailNow() { panic(errFailed) }

// Skip is called where something is not installed.
func (f *fixture) Skip(args ...any) {
	f.err = errors.New(fmt.Sprint(args...))
	f.FailNow()
}

// Helper does nothing.
func (f *fixture) Helper() {}

// Cleanup has a function called at the end.
func (f *fixture) Cleanup(end func()) { f.ends = append(f.ends, end) }

// Context ends when the program is to end.
func (f *fixture) Context() context.Context { return f.ctx }
