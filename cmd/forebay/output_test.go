package main_test

import (
	"bytes"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// output collects what a process writes. Safe for concurrent use.
type output struct {
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{} // closed and replaced at each write
}

func newOutput() *output { return &output{changed: make(chan struct{})} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.changed)
	o.changed = make(chan struct{})
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// Await returns the match of re and its groups as soon as what was written so far has one, and fails the test if that
// takes longer than a start may.
func (o *output) Await(t *testing.T, re *regexp.Regexp) []string {
	t.Helper()
	deadline := time.NewTimer(startDeadline)
	defer deadline.Stop()
	for {
		match, changed := o.find(re)
		if match != nil {
			return match
		}
		select {
		case <-changed:
		case <-deadline.C:
			require.FailNow(t, "not written in time", "%v in:\n%s", re, o)
		}
	}
}

// find returns the match of re in the complete lines so far, or nil and a channel that is closed when there is more.
func (o *output) find(re *regexp.Regexp) ([]string, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	text := o.text.Bytes()
	text = text[:bytes.LastIndexByte(text, '\n')+1]
	return re.FindStringSubmatch(string(text)), o.changed
}

// AwaitCount returns when what was written so far has n matches of re.
func (o *output) AwaitCount(t *testing.T, n int, re *regexp.Regexp) {
	t.Helper()
	deadline := time.NewTimer(startDeadline)
	defer deadline.Stop()
	for {
		o.mu.Lock()
		found, changed := len(re.FindAll(o.text.Bytes(), -1)), o.changed
		o.mu.Unlock()
		if found >= n {
			return
		}
		select {
		case <-changed:
		case <-deadline.C:
			require.FailNow(t, "not written in time", "%d times %v in:\n%s", n, re, o)
		}
	}
}
