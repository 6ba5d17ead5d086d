package project

import (
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// Trace is a place where gunicorn is started or configured.
type Trace struct {
	File string
	// Line counts from 1. 0 is the whole file: a configuration.
	Line int
	// Command is its command line, from its name on.
	Command string
}

// String is the place: Procfile:1.
func (t Trace) String() string {
	if t.Line == 0 {
		return t.File
	}
	return t.File + ":" + strconv.Itoa(t.Line)
}

// gunicornFile is what gunicorn reads by itself.
const gunicornFile = "gunicorn.conf.py"

// starters are the files in which servers are started, as patterns.
var starters = []string{"Procfile", "Procfile.*", "Dockerfile", "Dockerfile.*", "*.Dockerfile", "compose.y*ml", "docker-compose*.y*ml",
	"*.sh", "*.service", "fly.toml", "render.yaml", "app.yaml"}

// started is a command line of gunicorn: its name as a word, and a word behind it. What installs it is none.
var started = regexp.MustCompile(`(?:^|[\s"'\[/=:])(gunicorn["']?,?[ \t].*)$`)

// findGunicorn looks where gunicorn is started and configured.
func findGunicorn(files fs.FS) []Trace {
	var found []Trace
	for _, root := range roots(files) {
		if name := path.Join(root, gunicornFile); isFile(files, name) {
			found = append(found, Trace{File: name})
		}
	}
	entries, _ := fs.ReadDir(files, ".") // one that cannot be read has none
	for _, entry := range entries {
		if entry.Type().IsRegular() && isStarter(entry.Name()) {
			found = append(found, commandsIn(files, entry.Name())...)
		}
	}
	return found
}

func isStarter(name string) bool {
	for _, pattern := range starters {
		if fits, _ := path.Match(pattern, name); fits {
			return true
		}
	}
	return false
}

// commandsIn are the command lines in a file. One that goes on behind a backslash is one.
func commandsIn(files fs.FS, name string) []Trace {
	info, err := fs.Stat(files, name)
	if err != nil || info.Size() > largest {
		return nil
	}
	content, err := fs.ReadFile(files, name)
	if err != nil {
		return nil
	}
	var found []Trace
	var line strings.Builder
	for i, part := range strings.Split(strings.ReplaceAll(string(content), "\r\n", "\n"), "\n") {
		part, goesOn := strings.CutSuffix(part, `\`)
		line.WriteString(part)
		if goesOn {
			continue
		}
		if match := started.FindStringSubmatch(line.String()); match != nil && !installing.MatchString(line.String()) {
			found = append(found, Trace{name, i + 1, strings.Join(strings.Fields(match[1]), " ")})
		}
		line.Reset()
	}
	return found
}

// installing are words of lines that put gunicorn on a machine, or talk of it.
var installing = regexp.MustCompile(`^\s*#|\b(install|add|requirements|which|pkill|killall)\b`)

// spec is an application on such a command line. Unlike an address, it has a callable that begins as a name does. Without
// one it is known by its name.
var spec = regexp.MustCompile(`^[A-Za-z_][\w.]*(:[A-Za-z_][\w.]*(\(.*\))?|\.wsgi)$`)

// asgi is a worker class for applications that are none of WSGI.
var asgi = regexp.MustCompile(`(?i)uvicorn|\basgi\b`)

// appOf is the application that gunicorn was given.
func appOf(traces []Trace) (stated, bool) {
	for _, trace := range traces {
		if asgi.MatchString(trace.Command) {
			continue
		}
		words := strings.FieldsFunc(trace.Command, func(r rune) bool { return strings.ContainsRune(" \t\"',[]", r) })
		for _, word := range words {
			if spec.MatchString(word) {
				module, callable, _ := strings.Cut(word, ":")
				return stated{module, callable, trace.String()}, true
			}
		}
	}
	return stated{}, false
}
