package compare

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
)

// Files in the directory of results.
const (
	figuresFile = "results.json"
	pageFile    = "README.md"
)

// save writes the report into a directory, if there is to be one. Each file is replaced at once, so that what is there can be
// read, and gone on with, at any time.
func (r *Report) save(dir string) error {
	if dir == "" {
		return nil
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	var page bytes.Buffer
	pictures := r.pictures()
	r.write(&page, pictures)
	files := map[string][]byte{pageFile: page.Bytes()}
	for _, p := range pictures {
		files[p.file] = []byte(p.svg)
	}
	for name, text := range files {
		if err := replace(filepath.Join(dir, name), func(path string) error { return os.WriteFile(path, text, 0o644) }); err != nil {
			return fmt.Errorf("write results: %w", err)
		}
	}
	return replace(filepath.Join(dir, figuresFile), r.saveFigures)
}

// saveFigures writes every single figure, without space for readers: there are thousands.
func (r *Report) saveFigures(path string) error {
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("write figures: %w", err)
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// replace writes a file beside its place and then moves it there.
func replace(path string, write func(path string) error) error {
	if err := write(path + ".new"); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// resume goes on with the report in a directory, if what is measured is still the same.
func resume(dir string, fresh *Report) (*Report, error) {
	text, err := os.ReadFile(filepath.Join(dir, figuresFile))
	if os.IsNotExist(err) {
		return fresh, nil
	}
	if err != nil {
		return nil, fmt.Errorf("go on with a report: %w", err)
	}
	old := &Report{}
	if err := json.Unmarshal(text, old); err != nil {
		return nil, fmt.Errorf("go on with a report: %w", err)
	}
	if differ := differences(old, fresh); len(differ) > 0 {
		return nil, fmt.Errorf("go on with a report: it was made with another %s", strings.Join(differ, ", another "))
	}
	old.Notes, old.Missing = fresh.Notes, fresh.Missing
	return old, nil
}

// differences names what would make figures of two reports different.
func differences(old, fresh *Report) []string {
	oldMachine, freshMachine := old.Machine, fresh.Machine
	oldMachine.Load, freshMachine.Load = "", ""
	var names []string
	for name, pair := range map[string][2]any{
		"machine": {oldMachine, freshMachine}, "plan": {old.Plan, fresh.Plan}, "choice of peers": {old.Names, fresh.Names},
		"number of workers": {old.Workers, fresh.Workers}, "number of threads": {old.Threads, fresh.Threads}, "set of versions": {old.Versions, fresh.Versions},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			names = append(names, name)
		}
	}
	return names
}
