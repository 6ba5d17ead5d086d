package sidecar

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"forebay/proxy/coding"
	"forebay/proxy/mediatype"
)

// root is a directory, and only what is below it.
type root struct {
	*os.Root
	path string
}

type roots []*root

// openRoots opens directories, each once: one that lies below another is part of that.
func openRoots(dirs []string) (roots, error) {
	var real []string
	for _, dir := range dirs {
		path, err := filepath.Abs(dir)
		if err == nil {
			path, err = filepath.EvalSymlinks(path)
		}
		if err != nil {
			return nil, fmt.Errorf("find %s: %w", dir, err)
		}
		real = append(real, path)
	}
	slices.Sort(real)
	var opened roots
	for _, path := range slices.Compact(real) {
		if opened.contain(path) {
			continue
		}
		r, err := os.OpenRoot(path)
		if err != nil {
			opened.close()
			return nil, fmt.Errorf("open directory: %w", err)
		}
		opened = append(opened, &root{r, path})
	}
	return opened, nil
}

func (r roots) contain(path string) bool {
	return slices.ContainsFunc(r, func(outer *root) bool {
		name, err := filepath.Rel(outer.path, path)
		return err == nil && filepath.IsLocal(name)
	})
}

func (r roots) close() {
	for _, root := range r {
		_ = root.Close() // nothing was written through it
	}
}

// file is one that may have copies.
type file struct {
	root *root
	name string
	size int64
}

// walk finds the files of a directory, and counts in s what is left alone.
func (r *root) walk(s *Summary) []file {
	var files []file
	_ = fs.WalkDir(r.FS(), ".", func(name string, entry fs.DirEntry, err error) error { // the function returns no error
		switch {
		case err != nil:
			s.fail(fmt.Errorf("read %s: %w", filepath.Join(r.path, name), rootCause(err)))
		case isHidden(entry.Name()):
			if entry.IsDir() {
				return fs.SkipDir
			}
			r.cleanUp(name, entry)
		case entry.IsDir() || isCopy(name):
		default:
			files = r.consider(files, name, entry, s)
		}
		return nil
	})
	return files
}

// consider adds a file that may have copies to files. A link to one inside is one, as it is to those who serve it; its
// copies stand beside the link.
func (r *root) consider(files []file, name string, entry fs.DirEntry, s *Summary) []file {
	if !mediatype.Compressible(mediatype.ByName(name)) {
		s.LeftAlone[OtherType]++
		return files
	}
	info, err := entry.Info()
	if err == nil && entry.Type()&fs.ModeSymlink != 0 {
		info, err = r.Stat(name)
		if err != nil || info.IsDir() {
			s.LeftAlone[Link]++
			return files
		}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist): // it was removed meanwhile
	case err != nil:
		s.fail(fmt.Errorf("read %s: %w", filepath.Join(r.path, name), rootCause(err)))
	case info.Mode().IsRegular():
		s.Files++
		files = append(files, file{r, name, info.Size()})
	}
	return files
}

// unfinished ends the name of a copy that is being made.
const unfinished = ".forebay"

// abandoned is the age from which on nobody works on such a copy any more: each takes seconds.
const abandoned = time.Hour

// cleanUp removes what a run that was killed has left behind.
func (r *root) cleanUp(name string, entry fs.DirEntry) {
	if len(path.Base(name)) != len(".")+len(rand.Text())+len(unfinished) || !strings.HasSuffix(name, unfinished) {
		return
	}
	info, err := entry.Info()
	if err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > abandoned {
		_ = r.Remove(name) // it does no harm where it is
	}
}

// isHidden reports whether a name is one that is not served: see package static.
func isHidden(name string) bool {
	return strings.HasPrefix(name, ".") && name != "." && name != ".well-known"
}

// isCopy reports whether a file is the copy of another one, or looks like it.
func isCopy(name string) bool {
	return slices.ContainsFunc(coding.All[:], func(c coding.Coding) bool { return path.Ext(name) == c.Ending() })
}

// rootCause is an error without the names that package os puts before it: we name the file ourselves.
func rootCause(err error) error {
	var wrapped *fs.PathError
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// job is one copy that is to be made, checked or removed.
type job struct {
	file
	coding coding.Coding
}

// work is how long a job takes, in comparison with others.
func (j job) work() int64 {
	effort := [coding.Count]int64{coding.Brotli: 20, coding.Zstd: 4, coding.Gzip: 1}
	return (j.size + 1) * effort[j.coding]
}

// jobsFor are the jobs for files. Those that take longest come first, so that at the end not one is waited for alone.
func jobsFor(files []file) []job {
	slices.SortStableFunc(files, func(a, b file) int { return cmp.Compare(b.size, a.size) })
	jobs := make([]job, 0, len(files)*len(coding.All))
	for _, c := range coding.All {
		for _, f := range files {
			jobs = append(jobs, job{f, c})
		}
	}
	return jobs
}
