package static

import (
	"io/fs"
	"time"
)

// stamp is what a file system says of a file, to know it again by. The zero stamp is that of no file.
type stamp struct {
	size              int64
	modified, changed int64 // in nanoseconds since the epoch; changed, by writing or by renaming, cannot be set back
	device, inode     uint64
}

// stampOf is the stamp of a file that was asked about by its descriptor or its name.
func stampOf(info fs.FileInfo) stamp {
	s := stamp{size: info.Size(), modified: info.ModTime().UnixNano()}
	s.addSystem(info.Sys())
	return s
}

// unsettled is how old a change must be for the stamp to tell it from the next one: some file systems count time in
// whole seconds, or two.
const unsettled = 2 * time.Second

// settled reports whether a file that is changed now would have another stamp.
func (s stamp) settled(now time.Time) bool {
	return now.UnixNano()-max(s.modified, s.changed) > int64(unsettled)
}
