package static

import (
	"bytes"
	"io/fs"
	"sync/atomic"
	"time"
)

// top knows the names at the top of a directory. A mapping with the application behind it is asked about each path of the
// application, and most of those begin with a name that the directory does not have: to know that saves the asking.
type top struct {
	known   atomic.Pointer[topNames]
	checked atomic.Int64 // when the directory was last looked at, in nanoseconds since the epoch
}

// topNames is one state of the directory.
type topNames struct {
	stamp   stamp
	settled bool
	names   map[string]bool // nil: there are too many, or they cannot be read
}

// lacks reports whether the directory had no such name within the last second. It allocates nothing but when it looks.
func (t *top) lacks(fsys fs.FS, name []byte, now time.Time) bool {
	checked := t.checked.Load()
	if now.UnixNano()-checked >= int64(believed) && t.checked.CompareAndSwap(checked, now.UnixNano()) {
		t.look(fsys, now)
	}
	known := t.known.Load()
	if known == nil || known.names == nil {
		return false
	}
	first, _, _ := bytes.Cut(name, slash)
	return len(first) > 0 && !known.names[string(first)]
}

// look reads the directory, if it has changed since.
func (t *top) look(fsys fs.FS, now time.Time) {
	s, err := statStamp(fsys, ".")
	if err != nil {
		t.known.Store(nil)
		return
	}
	if known := t.known.Load(); known != nil && known.settled && known.stamp == s {
		return
	}
	fresh := &topNames{stamp: s, settled: s.settled(now)}
	if entries, err := readDirectory(fsys, "."); err == nil && len(entries) <= maxListed {
		fresh.names = make(map[string]bool, len(entries))
		for _, entry := range entries {
			fresh.names[entry.Name()] = true
		}
	}
	t.known.Store(fresh)
}
