package watch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// interval is how often directories are looked at of which the kernel tells nothing.
	interval = 500 * time.Millisecond

	// maxDirs bounds the directories that are watched. Patterns may lead into half of them, the others are left for
	// modules.
	maxDirs = 8192
	// maxFiles bounds the files that are named one by one.
	maxFiles = 50_000
)

// Watcher watches files. Add may be called from everywhere, Open and Run once, one after the other.
type Watcher struct {
	log      *slog.Logger
	patterns []pattern
	notifier *fsnotify.Watcher // nil: the kernel tells nothing
	files    map[string]bool   // those that are named, by their canonical path
	dirs     map[string]*dir
	crowded  bool // it was said that there are too many
	deaf     bool // it was said that the kernel tells nothing of some

	mu    sync.Mutex
	added []string      // what Run has not seen
	news  chan struct{} // holds an entry when there is such

	burst   *burst
	began   func()
	connect func() (*fsnotify.Watcher, error)
}

// New makes a watcher of what the patterns fit, absolute paths all. It starts nothing.
func New(patterns []string, log *slog.Logger) (*Watcher, error) {
	w := &Watcher{
		log: log, files: map[string]bool{}, dirs: map[string]*dir{}, news: make(chan struct{}, 1),
		burst: newBurst(), connect: fsnotify.NewWatcher,
	}
	for _, text := range patterns {
		p, err := newPattern(text)
		if err != nil {
			return nil, fmt.Errorf("watch for changes: %w", err)
		}
		w.patterns = append(w.patterns, p)
	}
	return w, nil
}

// Open begins to watch. What changes from now on Run will tell, and Run must be called. It blocks for as long as it takes to
// walk through the directories that the patterns lead to.
func (w *Watcher) Open() {
	notifier, err := w.connect()
	if err != nil {
		w.log.Warn("the kernel tells of no changes, files are looked at instead", "error", err, "every", interval)
		notifier, w.deaf = nil, true
	}
	w.notifier = notifier
	w.walk()
	w.log.Debug("watching for changes", "directories", len(w.dirs))
}

// walk enters all directories that the patterns lead to.
func (w *Watcher) walk() {
	for _, p := range w.patterns {
		w.enter(existing(p.root), false)
	}
}

// existing returns the nearest directory to path, or above it, that is there.
func existing(path string) string {
	for path != "/" {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			break
		}
		path = filepath.Dir(path)
	}
	return path
}

// Add has further files watched, absolute paths; those that are watched already cost little. It does not block.
func (w *Watcher) Add(files []string) {
	w.mu.Lock()
	w.added = append(w.added, files[:min(len(files), maxFiles-len(w.added))]...)
	w.mu.Unlock()
	select {
	case w.news <- struct{}{}:
	default: // Run has not seen the last ones yet
	}
}

// Run calls began when the first of some changes is seen, and changed with the files, sorted, when no further one has come
// for a moment. Both must not block for long. It returns when ctx ends.
func (w *Watcher) Run(ctx context.Context, began func(), changed func(files []string)) {
	w.began = began
	events, faults := w.hear()
	defer w.close()
	look := time.NewTicker(interval)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case event := <-events:
			w.see(event)
		case err := <-faults:
			w.mishear(err)
		case <-look.C:
			w.look()
		case <-w.news:
			w.take()
		case <-w.burst.over.C:
			changed(w.burst.take())
		}
	}
}

// hear returns where the kernel's news come.
func (w *Watcher) hear() (<-chan fsnotify.Event, <-chan error) {
	if w.notifier == nil {
		return nil, nil
	}
	return w.notifier.Events, w.notifier.Errors
}

func (w *Watcher) close() {
	w.burst.over.Stop()
	if w.notifier != nil {
		if err := w.notifier.Close(); err != nil {
			w.log.Warn("watches not closed", "error", err)
		}
	}
}

// take watches the files that were added.
func (w *Watcher) take() {
	w.mu.Lock()
	added := w.added
	w.added = nil
	w.mu.Unlock()
	before := len(w.files)
	for _, file := range added {
		w.watch(canonical(file))
		if target, err := filepath.EvalSymlinks(file); err == nil {
			w.watch(target)
		}
	}
	if n := len(w.files) - before; n > 0 {
		w.log.Debug("modules are watched", "files", n, "directories", len(w.dirs))
	}
}

func (w *Watcher) watch(file string) {
	if w.files[file] || len(w.files) == maxFiles {
		return
	}
	w.files[file] = true
	dir := filepath.Dir(file)
	if d := w.dirs[dir]; d != nil {
		d.learn(file)
		return
	}
	w.establish(dir, false)
}

// counts reports whether it matters when this file changes.
func (w *Watcher) counts(path string) bool {
	if w.files[path] {
		return true
	}
	return !temporary(filepath.Base(path)) && slices.ContainsFunc(w.patterns, func(p pattern) bool { return p.fits(path) })
}

// see acts on what the kernel tells.
func (w *Watcher) see(event fsnotify.Event) {
	path := event.Name
	gone := event.Has(fsnotify.Remove) || event.Has(fsnotify.Rename)
	switch {
	case event.Op == fsnotify.Chmod && !touched(path):
	case gone && w.dirs[path] != nil:
		w.lose(path, event.Has(fsnotify.Rename))
		w.enter(path, true) // there may be another one already
	case event.Has(fsnotify.Create) && isDir(path):
		w.enter(path, true)
	case w.counts(path):
		w.change(path)
	}
}

// touched reports whether a file was given the present time, as touch(1) does for those who want a reload of nothing new.
// The kernel does not tell that from a change of rights or of owners.
func touched(path string) bool {
	info, err := os.Stat(path)
	return err == nil && time.Since(info.ModTime()).Abs() < longest
}

// mishear acts on news that were lost: the kernel keeps only so many.
func (w *Watcher) mishear(err error) {
	if !errors.Is(err, fsnotify.ErrEventOverflow) {
		w.log.Warn("watching for changes", "error", err)
		return
	}
	w.walk()
	w.change("more files than the kernel could tell")
}

// change notes that something has changed, and that it is to be told soon.
func (w *Watcher) change(path string) {
	if w.burst.add(path) {
		w.began()
	}
}
