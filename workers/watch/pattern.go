package watch

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// pattern is an absolute path with wildcards: those of filepath.Match, and "**" for any number of directories. As in a
// shell, what begins with a dot is only fitted by what does, too. "**" does not lead into directories in which nobody edits.
type pattern struct {
	root string   // the directories before the first wildcard
	rest []string // what is below it, at least one segment
}

func newPattern(text string) (pattern, error) {
	if _, err := filepath.Match(text, ""); err != nil || !filepath.IsAbs(text) {
		return pattern{}, fmt.Errorf("want the pattern of an absolute path, not %q", text)
	}
	segments := strings.Split(strings.TrimPrefix(filepath.Clean(text), "/"), "/")
	root := "/"
	for len(segments) > 1 {
		name, isLiteral := literal(segments[0])
		if !isLiteral {
			break
		}
		root, segments = filepath.Join(root, name), segments[1:]
	}
	return pattern{root: canonical(root), rest: segments}, nil
}

// literal returns the name that a segment without wildcards stands for.
func literal(segment string) (string, bool) {
	var name strings.Builder
	for i := 0; i < len(segment); i++ {
		switch segment[i] {
		case '*', '?', '[':
			return "", false
		case '\\':
			i++
		}
		if i < len(segment) {
			name.WriteByte(segment[i])
		}
	}
	return name.String(), true
}

// fits reports whether the pattern is one of this path.
func (p pattern) fits(path string) bool {
	segments, below := within(p.root, path)
	return below && fits(p.rest, segments)
}

// leads reports whether the pattern may fit something below this directory, or the directory is above all that it fits.
func (p pattern) leads(dir string) bool {
	if segments, below := within(p.root, dir); below {
		return leads(p.rest, segments)
	}
	_, above := within(dir, p.root)
	return above
}

// within returns the segments of path below dir, none if they are the same, and whether it is there at all.
func within(dir, path string) ([]string, bool) {
	if path == dir {
		return nil, true
	}
	rest, below := strings.CutPrefix(path, strings.TrimSuffix(dir, "/")+"/")
	if !below {
		return nil, false
	}
	return strings.Split(rest, "/"), true
}

func fits(pattern, path []string) bool {
	switch {
	case len(pattern) == 0:
		return len(path) == 0
	case pattern[0] == "**":
		return fits(pattern[1:], path) || len(path) > 0 && !aside(path[0]) && fits(pattern, path[1:])
	}
	return len(path) > 0 && fitsName(pattern[0], path[0]) && fits(pattern[1:], path[1:])
}

func leads(pattern, dir []string) bool {
	switch {
	case len(pattern) == 0:
		return false
	case len(dir) == 0:
		return true
	case pattern[0] == "**":
		return leads(pattern[1:], dir) || !aside(dir[0]) && leads(pattern, dir[1:])
	}
	return fitsName(pattern[0], dir[0]) && leads(pattern[1:], dir[1:])
}

func fitsName(pattern, name string) bool {
	if strings.HasPrefix(name, ".") && !strings.HasPrefix(strings.TrimPrefix(pattern, `\`), ".") {
		return false
	}
	ok, err := filepath.Match(pattern, name)
	return ok && err == nil
}

// aside reports whether nobody edits what has this name, or is below it: Python and the tools of others write there.
func aside(name string) bool {
	return strings.HasPrefix(name, ".") || slices.Contains([]string{"__pycache__", "node_modules", "site-packages"}, name)
}

// temporary reports whether a file is what an editor writes for itself: Vim, Emacs and flycheck, the JetBrains IDEs, Kate,
// and what many call a backup. For a moment each may have a name that fits.
func temporary(name string) bool {
	for _, prefix := range []string{".#", "#", "flycheck_", ".goutputstream-"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	for _, suffix := range []string{"~", ".swp", ".swo", ".swx", ".swpx", ".tmp", ".bak", "_flymake.py", "___jb_tmp___", "___jb_old___"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return name == "4913" // Vim tries whether it may write
}

// Code returns the patterns of what an application in a directory is made of: modules and templates, in every language that
// is used to write them.
func Code(dir string) []string {
	var patterns []string
	for _, name := range []string{"*.py", "*.html", "*.htm", "*.jinja", "*.jinja2", "*.j2", "*.mako"} {
		patterns = append(patterns, filepath.Join(escape.Replace(dir), "**", name))
	}
	return patterns
}

var escape = strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`)

// canonical returns the path without links in its directories, as far as they are there: what is known by two names would be
// watched under one only.
func canonical(path string) string {
	dir := filepath.Dir(path)
	if resolved, err := filepath.EvalSymlinks(dir); err == nil {
		return filepath.Join(resolved, filepath.Base(path))
	}
	if dir == path {
		return path
	}
	return filepath.Join(canonical(dir), filepath.Base(path))
}
