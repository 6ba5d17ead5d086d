package nginx

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	crossplane "github.com/nginxinc/nginx-go-crossplane"

	"forebay/config"
)

// directive is one of nginx's, with those in its block. crossplane is what nginx's makers read such files with: it knows
// their quotes and variables, what may stand where and with how many arguments.
type directive = crossplane.Directive

// tree is what a file and those it includes say.
type tree struct {
	all []*directive
	// missing are includes that lead to nothing here.
	missing []string
}

// known are files that come with nginx: what is in them need not be taken over.
var known = []string{"mime.types", "uwsgi_params", "fastcgi_params", "fastcgi.conf", "scgi_params"}

// parse reads a file. One that is for a directory of sites, and begins with server or upstream, is as good as a whole one.
// The error is of type config.Faults.
func parse(path string) (*tree, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, config.Faults{faultAt(path, 0, rootCause(err).Error())}
	}
	return parseText(path, string(text))
}

func parseText(path, text string) (*tree, error) {
	names, fault := topNames(path, text)
	if fault != nil {
		return nil, config.Faults{*fault}
	}
	r := reader{path: path, text: wrapped(text, names), dir: filepath.Dir(path)}
	payload, err := crossplane.Parse(path, &crossplane.ParseOptions{Open: r.open, Glob: r.glob, CombineConfigs: true})
	if err != nil {
		return nil, config.Faults{faultAt(path, 0, err.Error())}
	}
	var faults config.Faults
	for _, found := range payload.Errors {
		faults = append(faults, faultOf(found))
	}
	if len(faults) > 0 {
		return nil, faults
	}
	t := &tree{missing: r.missing}
	for _, file := range payload.Config {
		t.all = append(t.all, file.Parsed...)
	}
	return t, nil
}

func faultAt(path string, line int, text string) config.Fault {
	return config.Fault{Origin: config.Origin{Layer: config.LayerFile, Name: path, Line: line}, Text: text}
}

func faultOf(found crossplane.PayloadError) config.Fault {
	line := 0
	if found.Line != nil {
		line = *found.Line
	}
	return faultAt(found.File, line, whatOf(found.Error))
}

// rootCause leaves out the file's name, which a fault says already.
func rootCause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// wrapped puts a file for a directory of sites where its directives may stand. The lines stay what they are.
func wrapped(text string, names []string) string {
	const whole, site, location = "http events stream mail worker_processes pid user", "server upstream map limit_req_zone log_format", "location"
	has := func(some string) bool {
		return slices.ContainsFunc(strings.Fields(some), func(name string) bool { return slices.Contains(names, name) })
	}
	switch {
	case has(whole):
		return text
	case has(site):
		return "http {" + text + "\n}"
	case has(location):
		return "http { server {" + text + "\n}}"
	}
	return text
}

// topNames are the directives that stand in no block. The fault is one of quotes or braces, which nobody could look beyond.
func topNames(path, text string) (names []string, fault *config.Fault) {
	depth, first := 0, true
	for token := range crossplane.Lex(strings.NewReader(text)) {
		switch {
		case token.Error != nil && fault == nil:
			found := faultAt(path, token.Line, whatOf(token.Error))
			fault = &found
		case strings.HasPrefix(token.Value, "#") && !token.IsQuoted:
			continue
		case token.IsQuoted:
		case token.Value == "{":
			depth++
		case token.Value == "}":
			depth--
		case first && depth == 0:
			names = append(names, token.Value)
		}
		first = !token.IsQuoted && (token.Value == "{" || token.Value == "}" || token.Value == ";")
	}
	return names, fault
}

// whatOf is an error without its place.
func whatOf(err error) string {
	var parsing *crossplane.ParseError
	if errors.As(err, &parsing) {
		return parsing.What
	}
	return err.Error()
}

// reader opens the files.
type reader struct {
	path, text string
	dir        string
	missing    []string
}

// open returns an included file. What is not there is as if it were empty, and is named: a configuration is often looked at
// without all of its machine.
func (r *reader) open(path string) (io.ReadCloser, error) {
	if path == r.path {
		return io.NopCloser(strings.NewReader(r.text)), nil
	}
	if slices.Contains(known, filepath.Base(path)) {
		return io.NopCloser(strings.NewReader("")), nil
	}
	for _, place := range []string{path, r.above(path)} {
		info, err := os.Stat(place)
		if err == nil && info.Mode().IsRegular() {
			return os.Open(place)
		}
	}
	if !slices.Contains(r.missing, path) {
		r.missing = append(r.missing, path)
	}
	return io.NopCloser(strings.NewReader("")), nil
}

// above is the place of a file that is included from the directory of nginx.conf by one that lies in sites-available or
// conf.d below it.
func (r *reader) above(path string) string {
	relative, err := filepath.Rel(r.dir, path)
	if err != nil || !filepath.IsLocal(relative) {
		return path
	}
	return filepath.Join(filepath.Dir(r.dir), relative)
}

func (r *reader) glob(pattern string) ([]string, error) {
	found, err := filepath.Glob(pattern)
	if err != nil {
		return nil, fmt.Errorf("include %s: %w", pattern, err)
	}
	if len(found) == 0 {
		found, err = filepath.Glob(r.above(pattern))
	}
	return found, err
}
