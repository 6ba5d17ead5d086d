package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// toStdout stands where a file is named, and is none.
const toStdout = "-"

// writeNew writes a file that is not there yet, unless it may be replaced. otherwise says what to do where it is there.
func writeNew(path string, text []byte, force bool, otherwise string) error {
	how := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if force {
		how = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	file, err := os.OpenFile(path, how, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already: %s", path, otherwise)
	}
	if err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	_, err = file.Write(text)
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	return nil
}
