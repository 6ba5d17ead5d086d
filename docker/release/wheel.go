package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// wheel is a file for pip (the binary distribution format of the Python packaging guide, once PEP 427): the binary, which
// pip puts beside the environment's python, a package that finds it there, and what man and the shells look for.
type wheel struct {
	version string // in Python's form
	tags    []string
	entries []file
}

// sources are the files of the checkout that a wheel has. The package's own text is the worker's: with it an application's
// "from forebay import RequestTimeout" works in its tests and for type checkers, too.
var sources = map[string]string{
	"forebay/__init__.py": "python/worker/forebay/__init__.py",
	"forebay/__main__.py": "docker/release/main.py",
	"README":              "README.md",
	"LICENSE":             "LICENSE",
}

// newWheel puts a wheel together from the checkout in dir and what was made for the platform.
func newWheel(dir string, p platform, version string, binary, materials []byte) (*wheel, error) {
	texts := map[string][]byte{}
	for name, path := range sources {
		text, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil {
			return nil, fmt.Errorf("read what the wheel has of the checkout: %w", err)
		}
		texts[name] = text
	}
	w := &wheel{version: pythonVersion(version), tags: p.tags}
	info := w.name() + ".dist-info/"
	for _, name := range []string{"forebay/__init__.py", "forebay/__main__.py"} {
		w.add(name, texts[name], read)
	}
	w.add("forebay/py.typed", nil, read) // PEP 561
	w.add(w.name()+".data/scripts/forebay", binary, runs)
	for _, f := range shared(version) {
		w.add(w.name()+".data/data/"+f.name, f.content, f.mode)
	}
	w.add(info+"METADATA", w.metadata(texts["README"]), read)
	w.add(info+"WHEEL", w.format(), read)
	w.add(info+"licenses/LICENSE", texts["LICENSE"], read)
	w.add(info+"sboms/forebay.cdx.json", materials, read) // PEP 770
	w.add(info+"RECORD", w.record(info+"RECORD"), read)
	return w, nil
}

func (w *wheel) add(name string, content []byte, mode os.FileMode) {
	w.entries = append(w.entries, file{name, content, mode})
}

func (w *wheel) name() string { return "forebay-" + w.version }

// metadata is what pip and an index show (core metadata 2.1, which every pip in use reads).
func (w *wheel) metadata(readme []byte) []byte {
	return fmt.Appendf(nil, "Metadata-Version: 2.1\nName: forebay\nVersion: %s\n"+
		"Summary: One binary in front of your Python web application, in the place of nginx + gunicorn\n"+
		"License: MIT\nRequires-Python: >=3.9\nKeywords: wsgi,http,server,django,flask\n"+
		"Classifier: Programming Language :: Python :: 3\nClassifier: Topic :: Internet :: WWW/HTTP :: WSGI :: Server\n"+
		"Description-Content-Type: text/markdown\n\n%s", w.version, readme)
}

// format says how to unpack the wheel, and where it fits: a line for each of the tags that its name has in one.
func (w *wheel) format() []byte {
	text := []byte("Wheel-Version: 1.0\nGenerator: forebay\nRoot-Is-Purelib: false\n")
	for _, tag := range w.tags {
		text = fmt.Appendf(text, "Tag: py3-none-%s\n", tag)
	}
	return text
}

// record lists all files with their checksums; its own line, at the end, has none.
func (w *wheel) record(own string) []byte {
	var text []byte
	for _, f := range w.entries {
		digest := sha256.Sum256(f.content)
		text = fmt.Appendf(text, "%s,sha256=%s,%d\n", f.name, base64.RawURLEncoding.EncodeToString(digest[:]), len(f.content))
	}
	return fmt.Appendf(text, "%s,,\n", own)
}

// epoch is the time that all files in a wheel have: the earliest that a zip can say. That of the build would be another one
// each time.
var epoch = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// pack makes the file of it, whose name is what pip knows the platform by.
func (w *wheel) pack() (file, error) {
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	z.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) { return flate.NewWriter(out, flate.BestCompression) })
	for _, f := range w.entries {
		head := zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: epoch}
		head.SetMode(f.mode)
		out, err := z.CreateHeader(&head)
		if err != nil {
			return file{}, fmt.Errorf("pack the wheel: %w", err)
		}
		if _, err := out.Write(f.content); err != nil {
			return file{}, fmt.Errorf("pack the wheel: %w", err)
		}
	}
	if err := z.Close(); err != nil {
		return file{}, fmt.Errorf("pack the wheel: %w", err)
	}
	return file{w.name() + "-py3-none-" + strings.Join(w.tags, ".") + ".whl", packed.Bytes(), read}, nil
}
