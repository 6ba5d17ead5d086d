// Package cgroup says what the cgroup that we are in lets us and our workers have together, in version 1 and 2
// (cgroups(7)). It reads a few small files each time it is asked, as limits can be changed while we run; where there are no
// cgroups it finds none.
package cgroup

import (
	"io/fs"
	"iter"
	"path"
	"strings"
)

// Dir is the directory of a cgroup.
type Dir struct {
	path    string
	Unified bool // version 2
}

// File is the path of one of its files, from the root of the file system.
func (d Dir) File(name string) string { return path.Join(d.path, name) }

// Dirs yields the cgroup that we are in, for a controller of version 1 and for version 2, and those above it, as far as
// they are in sight: for each version from the innermost to what is mounted. root is "/", or a test's.
func Dirs(root fs.FS, controller string) iter.Seq[Dir] {
	return func(yield func(Dir) bool) {
		for _, m := range mountsOf(root, controller) {
			top := m.dir[1:]
			below, ok := strings.CutPrefix(own(root, m.unified, controller), strings.TrimSuffix(m.root, "/"))
			if !ok {
				below = "" // not in sight: a container that sees only its own part
			}
			for at := path.Join(top, below); ; at = path.Dir(at) {
				if !yield(Dir{at, m.unified}) {
					return
				}
				if at == top || at == "." {
					break
				}
			}
		}
	}
}

// mount is where a controller's cgroups can be seen.
type mount struct {
	root    string // the cgroup that is seen at dir
	dir     string
	unified bool
}

// mountsOf reads mountinfo (proc_pid_mountinfo(5)).
func mountsOf(root fs.FS, controller string) []mount {
	var found []mount
	for line := range Lines(root, "proc/self/mountinfo") {
		before, kind, ok := strings.Cut(line, " - ")
		fields, kinds := strings.Fields(before), strings.Fields(kind)
		if !ok || len(fields) < 5 || len(kinds) < 3 || !path.IsAbs(fields[4]) {
			continue
		}
		m := mount{root: fields[3], dir: fields[4], unified: kinds[0] == "cgroup2"}
		if m.unified || kinds[0] == "cgroup" && hasWord(kinds[2], controller) {
			found = append(found, m)
		}
	}
	return found
}

// own returns the cgroup that we are in, for version 2 or for a controller of version 1.
func own(root fs.FS, unified bool, controller string) string {
	for line := range Lines(root, "proc/self/cgroup") {
		parts := strings.SplitN(line, ":", 3) // id, controllers, path
		if len(parts) == 3 && (unified && parts[1] == "" || !unified && hasWord(parts[1], controller)) {
			return parts[2]
		}
	}
	return ""
}

func hasWord(list, word string) bool {
	for w := range strings.SplitSeq(list, ",") {
		if w == word {
			return true
		}
	}
	return false
}

// Lines yields the lines of a small file, none if it cannot be read.
func Lines(root fs.FS, file string) iter.Seq[string] {
	text, err := fs.ReadFile(root, file)
	if err != nil {
		return func(func(string) bool) {}
	}
	return strings.SplitSeq(strings.TrimSuffix(string(text), "\n"), "\n")
}

func firstLine(root fs.FS, file string) string {
	text, _ := fs.ReadFile(root, file) // what cannot be read says nothing
	first, _, _ := strings.Cut(string(text), "\n")
	return first
}
