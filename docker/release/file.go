package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// file is something that is made: in the directory of a release, or within a wheel.
type file struct {
	name    string
	content []byte
	mode    os.FileMode
}

// Modes of files: what runs on its own, and what is read.
const (
	runs os.FileMode = 0o755
	read os.FileMode = 0o644
)

// write puts f into dir. Its mode is as it says: the umask is the builder's, and what is handed out is for everybody.
func (f file) write(dir string) error {
	path := filepath.Join(dir, f.name)
	if err := os.WriteFile(path, f.content, f.mode); err != nil {
		return fmt.Errorf("write what was made: %w", err)
	}
	if err := os.Chmod(path, f.mode); err != nil {
		return fmt.Errorf("write what was made: %w", err)
	}
	return nil
}
