package workers

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestCrashLoopDoesNotFloodTheLog(t *testing.T) {
	book := newLogbook(t)
	f := failureLog{log: book.logger()}
	now := time.Now()
	for i := range 1000 {
		f.add(1, errors.New("it died"), time.Second, now.Add(time.Duration(i)*quietTime/1000))
	}
	lines, _ := book.find("worker not started")
	assert.Len(t, lines, loudFailures)

	f.add(2, errors.New("it died"), time.Second, now.Add(quietTime))
	f.add(2, errors.New("it died"), time.Second, now.Add(quietTime))
	lines, _ = book.find("worker not started", "worker", "2")
	assert.Equal(t, "995", lines[0].attrs["not_logged"])
	assert.NotContains(t, lines[1].attrs, "not_logged")
}

func TestTracebackIsWrittenOnce(t *testing.T) {
	book := newLogbook(t)
	f := failureLog{log: book.logger()}
	now := time.Now()
	for i, traceback := range []string{"one", "one", "two", "one"} {
		f.add(i, &LoadError{Traceback: traceback}, time.Second, now)
	}
	f.add(4, &LoadError{Traceback: "one"}, time.Second, now.Add(sameTraceback))
	var told []string
	lines, _ := book.find("worker not started")
	for _, line := range lines {
		told = append(told, line.attrs["traceback"])
	}
	assert.Equal(t, []string{"one", "the same as before", "two", "one", "one"}, told)
}
