package spool

import "os"

// TempFile returns an open temporary file in dir that has no name: nothing is left of it when the process is killed. An
// empty dir means the system's choice. The caller closes it.
func TempFile(dir string) (*os.File, error) {
	if dir == "" {
		dir = os.TempDir()
	}
	if f, err := openUnnamed(dir); err == nil {
		return f, nil
	}
	return unlinked(dir) // the file system knows no files without a name, or there is a fault to be told
}

// unlinked opens a file and takes its name away.
func unlinked(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, "forebay-")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		_ = f.Close() // the error that counts is the other
		return nil, err
	}
	return f, nil
}
