// Package sidecar writes the compressed copies of files beside them (.br, .zst, .gz) that package static sends, ahead of
// time.
//
// It promises that a copy which it leaves beside a file unpacks to what is in the file, has the file's time, mode and
// owner, and came to be in one step: whoever reads meanwhile finds the old copy or the new one. Copies that are right are
// left as they are, so that a second run writes nothing. Nothing outside of the directories is read or written, wherever
// links lead.
package sidecar

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"sync"

	"forebay/proxy/coding"
)

// Options say what is written.
type Options struct {
	// MinSize is the size of a file from which on it has copies, in bytes.
	MinSize int64
	// Codings are those of the copies.
	Codings []coding.Coding
	// AtOnce is how many copies are made at the same time.
	AtOnce int
	// Progress is told how much of the work has been done, in a measure that has no name. It is called by one at a time, and
	// must not block. nil: nobody wants to know.
	Progress func(done, total int64)
}

// Write writes copies of the files below directories. It blocks until all are done or ctx ends. What is wrong with single
// files does not end it and is in the Summary; the error says that a directory cannot be read at all, or why ctx ended.
func Write(ctx context.Context, dirs []string, options Options) (*Summary, error) {
	roots, err := openRoots(dirs)
	if err != nil {
		return nil, err
	}
	defer roots.close()
	s := &Summary{Dirs: len(roots)}
	var files []file
	for _, root := range roots {
		files = append(files, root.walk(s)...)
	}
	for _, f := range files {
		if f.size < options.MinSize {
			s.LeftAlone[Small]++
		}
	}
	w := &writer{Options: options, summary: s}
	w.run(ctx, jobsFor(files))
	return s, context.Cause(ctx)
}

// writer does the jobs of one Write.
type writer struct {
	Options
	mu      sync.Mutex // of what follows
	done    int64
	total   int64
	summary *Summary
}

// run does all jobs, several at once.
func (w *writer) run(ctx context.Context, jobs []job) {
	for _, j := range jobs {
		w.total += j.work()
	}
	next := make(chan job)
	var working sync.WaitGroup
	for range max(1, w.AtOnce) {
		working.Go(func() { // ends with next
			for j := range next {
				w.note(ctx, j, w.do(ctx, j))
			}
		})
	}
	for _, j := range jobs {
		if ctx.Err() != nil {
			break
		}
		next <- j
	}
	close(next)
	working.Wait()
}

// note counts what became of a job.
func (w *writer) note(ctx context.Context, j job, o outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ctx.Err() == nil || o.err == nil { // else it was only broken off
		w.summary.add(j, o)
	}
	w.done += j.work()
	if w.Progress != nil {
		w.Progress(w.done, w.total)
	}
}

// outcome is what became of a job.
type outcome struct {
	result result
	size   int64 // of the copy, in bytes
	err    error // why there is none, or why a wrong one is still there
}

// result is what there is of a copy when its job is done.
type result uint8

const (
	absent   result = iota // there was none and is to be none
	written                // it was made
	kept                   // it was there, and is right
	removed                // it was there, was wrong, and is to be none
	hopeless               // it would not be smaller by enough
)

// do makes, checks or removes one copy.
func (w *writer) do(ctx context.Context, j job) outcome {
	source, err := j.open(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		return outcome{} // it was removed meanwhile
	}
	if err != nil {
		return outcome{err: err}
	}
	defer source.close()
	old, err := source.look(j.coding)
	switch {
	case err != nil:
		return outcome{err: err}
	case old.right:
		return outcome{kept, old.size, source.freshen(j.coding, old)}
	case !w.wants(j):
		return source.without(j.coding, old, absent)
	}
	size, err := source.pack(j.coding)
	if err == nil && size == 0 {
		return source.without(j.coding, old, hopeless)
	}
	return outcome{written, size, err}
}

// wants reports whether a file is to have a copy.
func (w *writer) wants(j job) bool {
	return j.size >= w.MinSize && slices.Contains(w.Codings, j.coding)
}
