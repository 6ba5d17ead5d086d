package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"forebay/cmd/project"
)

// initiation is what forebay init is to do.
type initiation struct {
	dir    string
	stdout bool // write no file
	force  bool // replace one that is there
}

// ownFile is the file that it writes.
const ownFile = "forebay.toml"

// parseInit reads what stands behind the command.
func parseInit(args []string) (options, error) {
	in := initiation{dir: "."}
	flags := ownFlags(commandInit)
	flags.BoolVar(&in.stdout, "stdout", false, "")
	flags.BoolVar(&in.force, "force", false, "")
	opts, rest, err := parseOwn(commandInit, flags, args)
	if err != nil || opts.command != commandInit {
		return opts, err
	}
	switch {
	case len(rest) > 0 && rest[0] == toStdout:
		in.stdout = true
	case len(rest) > 0:
		in.dir = rest[0]
	}
	opts.initiation = in
	return opts, nil
}

// initiate looks at a project, writes its file, and tells what was found. It returns the exit code.
func initiate(in initiation, stdout, stderr io.Writer) int {
	info, err := os.Stat(in.dir)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s: want a directory", in.dir)
	}
	if err != nil {
		return report(stderr, fmt.Errorf("look at the project: %w", err), exitStart)
	}
	found := project.Find(os.DirFS(in.dir))
	text := draft(found)
	if in.stdout {
		tellFound(stderr, found)
		return show(text, stdout, stderr)
	}
	if err := in.checkOthers(); err != nil {
		return report(stderr, err, exitStart)
	}
	path := filepath.Join(in.dir, ownFile)
	if err := writeNew(path, []byte(text), in.force, "--force replaces it"); err != nil {
		return report(stderr, err, exitStart)
	}
	tellFound(stdout, found)
	fmt.Fprintf(stdout, "wrote %s; there, forebay check looks at it, and forebay alone serves by it\n", path)
	return exitOK
}

// checkOthers refuses to write a file that would be read in the place of another one.
func (in initiation) checkOthers() error {
	const name = "pyproject.toml"
	text, err := os.ReadFile(filepath.Join(in.dir, name))
	if err != nil || in.force {
		return nil // there is none, or nobody asks for it
	}
	var document struct {
		Tool map[string]any `toml:"tool"`
	}
	if toml.Unmarshal(text, &document) == nil && document.Tool["forebay"] != nil {
		return fmt.Errorf("%s has [tool.forebay], which is not read where there is a %s: --force writes one all the same", name, ownFile)
	}
	return nil
}

// tellFound tells what was found, and what is to be looked at.
func tellFound(w io.Writer, found project.Project) {
	if found.App == "" {
		fmt.Fprintln(w, "found neither a Django project nor a Flask application here: name yours in the file")
	} else {
		fmt.Fprintf(w, "found a %s: %s (%s)\n", found.Kind, found.App, found.From)
	}
	for _, note := range found.Notes {
		fmt.Fprintln(w, "note:", note)
	}
	for _, trace := range found.Gunicorn {
		fmt.Fprintf(w, "note: %s\n", gunicornAdvice(trace))
	}
}

// gunicornAdvice is what to do about a place that has gunicorn.
func gunicornAdvice(trace project.Trace) string {
	if trace.Line == 0 {
		return fmt.Sprintf("%s is not read unless it is named: from_gunicorn in the file, and forebay check --print shows what counts", trace)
	}
	advice := fmt.Sprintf("%s starts gunicorn, and forebay can take its place: most options are the same, and beat the file", trace)
	if options, plain := strings.CutPrefix(trace.Command, "gunicorn "); plain {
		advice += ": forebay " + options
	}
	return advice
}
