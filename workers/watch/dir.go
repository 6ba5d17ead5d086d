package watch

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// dir is a directory that is watched.
type dir struct {
	polled bool             // the kernel does not tell of it
	lost   bool             // it is polled because it is not there
	seen   map[string]stamp // of what counts in a polled one, by name
}

// stamp is what changes with a file.
type stamp struct {
	modified int64 // in nanoseconds since the epoch
	size     int64
	dir      bool
}

// learn notes a file of a polled directory that is watched from now on.
func (d *dir) learn(file string) {
	if !d.polled {
		return
	}
	if info, err := os.Stat(file); err == nil {
		d.seen[filepath.Base(file)] = stampOf(info)
	}
}

func stampOf(info fs.FileInfo) stamp {
	return stamp{modified: info.ModTime().UnixNano(), size: info.Size()}
}

// enter watches a directory and those below it that patterns lead to, the nearest first. If it is new, what is in it has
// changed.
func (w *Watcher) enter(path string, isNew bool) {
	waiting := []string{path}
	for ; len(waiting) > 0; waiting = waiting[1:] {
		path := waiting[0]
		known := w.dirs[path]
		if !isDir(path) || known == nil && (!w.leadTo(path) || w.full(path, maxDirs/2)) {
			continue
		}
		if known == nil || known.lost {
			waiting = append(waiting, w.establish(path, isNew)...)
		}
	}
}

// leadTo reports whether a pattern leads to this directory, and not to an environment of Python's with all its packages.
func (w *Watcher) leadTo(path string) bool {
	if !slices.ContainsFunc(w.patterns, func(p pattern) bool { return p.leads(path) }) {
		return false
	}
	_, err := os.Stat(filepath.Join(path, "pyvenv.cfg")) // PEP 405
	return err != nil || slices.ContainsFunc(w.patterns, func(p pattern) bool { return p.root == path })
}

// full reports whether no further directory can be watched, and says so once.
func (w *Watcher) full(path string, limit int) bool {
	if len(w.dirs) < limit {
		return false
	}
	if !w.crowded {
		w.crowded = true
		w.log.Warn("too many directories: changes in some are not seen", "watched", len(w.dirs), "not_seen", path)
	}
	return true
}

// establish watches one directory and returns those in it. Watching begins before it is read: what comes between is told
// twice, and not never.
func (w *Watcher) establish(path string, isNew bool) (below []string) {
	known := w.dirs[path]
	if known == nil {
		if w.full(path, maxDirs) || !isDir(path) {
			return nil
		}
	}
	d := &dir{polled: !w.tellsOf(path)}
	w.dirs[path] = d
	entries, err := os.ReadDir(path)
	if err != nil {
		w.log.Debug("directory not read", "error", err)
	}
	if d.polled {
		d.seen = map[string]stamp{}
	}
	for _, entry := range entries {
		child := filepath.Join(path, entry.Name())
		switch {
		case entry.IsDir():
			below = append(below, child)
		case !w.counts(child):
			continue
		case isNew:
			w.change(child)
		}
		if d.polled {
			if now, ok := w.stampIn(path, entry); ok {
				d.seen[entry.Name()] = now
			}
		}
	}
	return below
}

// tellsOf asks the kernel to tell of changes in a directory, and reports whether it will.
func (w *Watcher) tellsOf(path string) bool {
	if w.notifier == nil || isRemote(path) {
		return false
	}
	err := w.notifier.Add(path)
	if err != nil && !w.deaf {
		w.deaf = true
		w.log.Warn("the kernel does not tell of changes in some directories, they are looked at instead", "error", err,
			"directory", path, "every", interval)
	}
	return err == nil
}

// lose forgets a directory that is no longer where it was, with those below it. Where named files were, they are waited for.
func (w *Watcher) lose(path string, moved bool) {
	for other, d := range w.dirs {
		if _, below := within(path, other); !below {
			continue
		}
		if w.notifier != nil {
			_ = w.notifier.Remove(other) // of what was removed the kernel does so itself
		}
		delete(w.dirs, other)
		for name, before := range d.seen {
			if !before.dir {
				w.change(filepath.Join(other, name))
			}
		}
		if w.hasNamed(other) {
			w.dirs[other] = &dir{polled: true, lost: true, seen: map[string]stamp{}}
		}
	}
	if moved { // the kernel tells nothing of each file in it
		w.change(path)
	}
}

func (w *Watcher) hasNamed(path string) bool {
	for file := range w.files {
		if filepath.Dir(file) == path {
			return true
		}
	}
	return false
}

// look finds what has changed where the kernel does not tell.
func (w *Watcher) look() {
	for path, d := range w.dirs {
		switch {
		case d.lost && isDir(path):
			w.enter(path, true)
		case d.polled && !d.lost:
			w.compare(path, d)
		}
	}
}

// compare finds what has changed in one directory since it was looked at last.
func (w *Watcher) compare(path string, d *dir) {
	entries, err := os.ReadDir(path)
	if err != nil && !isDir(path) {
		w.lose(path, false)
		return
	}
	seen := make(map[string]stamp, len(d.seen))
	for _, entry := range entries {
		now, ok := w.stampIn(path, entry)
		if !ok {
			continue
		}
		name := entry.Name()
		seen[name] = now
		before, known := d.seen[name]
		switch {
		case now.dir && !known:
			w.enter(filepath.Join(path, name), true)
		case !now.dir && now != before:
			w.change(filepath.Join(path, name))
		}
	}
	for name, before := range d.seen {
		if _, still := seen[name]; !still && !before.dir {
			w.change(filepath.Join(path, name))
		}
	}
	d.seen = seen
}

// stampIn returns the stamp of what lies in a directory, if it matters.
func (w *Watcher) stampIn(path string, entry fs.DirEntry) (stamp, bool) {
	if entry.IsDir() {
		return stamp{dir: true}, true
	}
	child := filepath.Join(path, entry.Name())
	if !w.counts(child) {
		return stamp{}, false
	}
	info, err := os.Stat(child) // also what a link leads to
	if err != nil {
		return stamp{}, false
	}
	return stampOf(info), true
}

func isDir(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.IsDir()
}
