package static

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"forebay/bench/wrk"
)

// kind is one kind of load.
type kind struct {
	name  string
	file  string // name of the one file, or of the directory of many
	size  int
	many  bool // mostFiles of that size, at random
	close bool // each connection is for one request
	// most is how many connections there are at most: what large files need in buffers is not to be measured.
	most int
}

// kinds are all kinds of load, in the order in which they are run.
var kinds = []kind{
	{name: "1KiB", file: firstFile, size: firstSize},
	{name: "10KiB", file: "10KiB", size: 10 << 10},
	{name: "100KiB", file: "100KiB", size: 100 << 10},
	{name: "1MiB", file: "1MiB", size: 1 << 20},
	{name: "100MiB", file: "100MiB", size: 100 << 20, most: 8},
	{name: "1KiB,close", file: firstFile, size: firstSize, close: true},
	{name: "10KiB,close", file: "10KiB", size: 10 << 10, close: true},
	{name: "100KiB,close", file: "100KiB", size: 100 << 10, close: true},
	{name: "many,1KiB", file: "many-small", size: 1 << 10, many: true},
	{name: "many,10KiB", file: "many-large", size: 10 << 10, many: true},
}

// firstFile is there whichever kinds are chosen.
const (
	firstFile = "1KiB"
	firstSize = 1 << 10
)

// mostFiles is how many files there are where there are many.
const mostFiles = 10_000

func (k kind) path() string { return "/static/" + k.file }

// load is how wrk makes it.
func (k kind) load(o options, script string) wrk.Load {
	load := o.Load
	if k.most > 0 {
		load.Connections = min(load.Connections, k.most)
		load.Threads = min(load.Threads, load.Connections)
	}
	if k.close {
		load.More = []string{"-H", "Connection: close"}
	}
	if k.many {
		load.More = []string{"-s", script}
	}
	return load
}

// randomly is wrk's script for many files: each of its threads asks for names by chance, below the path of the URL.
const randomly = `local threads = 0
function setup(thread)
  threads = threads + 1
  thread:set("seed", threads)
end
function init(args)
  math.randomseed(seed)
end
function request()
  return wrk.format("GET", string.format("%%s/%%d", wrk.path, math.random(0, %d)))
end
`

// writeFiles writes the files of some kinds below dir, and the script beside it, whose path it returns.
func writeFiles(dir string, chosen []kind) (script string, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("write files: %w", err)
	}
	script = filepath.Join(filepath.Dir(dir), "randomly.lua")
	if err := os.WriteFile(script, fmt.Appendf(nil, randomly, mostFiles-1), 0o600); err != nil {
		return "", fmt.Errorf("write wrk's script: %w", err)
	}
	for _, k := range append([]kind{{file: firstFile, size: firstSize}}, chosen...) {
		if err := k.write(filepath.Join(dir, k.file)); err != nil {
			return "", fmt.Errorf("write files: %w", err)
		}
	}
	return script, nil
}

// write writes the file, or all of them.
func (k kind) write(path string) error {
	if !k.many {
		return os.WriteFile(path, contents(k.size), 0o600)
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	for i := range mostFiles {
		if err := os.WriteFile(filepath.Join(path, fmt.Sprint(i)), contents(k.size), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// contents are bytes that are the same in each run.
func contents(size int) []byte {
	bytes := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{}).Read(bytes) // it cannot fail
	return bytes
}
