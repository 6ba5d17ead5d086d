package static

import (
	"path"
	"slices"
	"strings"
)

// isHashed reports whether a name was made of what is in the file, so that the file will never be another one. A name that
// only looks so would be kept by browsers for a year after it has changed, so it reports false where there is a doubt:
//
//   - base.5af66c1b1797.css, main.2f6b1e3c.chunk.js: hex digits between dots, of a length that hashes are cut to, with
//     letters and digits in them; so Django's ManifestStaticFilesStorage, webpack and others name files of all types;
//   - main-8e0d62a03f2b4c5d6e7f.js, 8e0d62a03f2b4c5d6e7f.js: at least 16 of them, but only for code and fonts, as uploaded
//     pictures are named after hashes of other things;
//   - assets/index-BxY8eZ3a.js: eight letters and digits, well mixed, behind a hyphen, for code and fonts in a directory
//     "assets"; so does Vite.
func isHashed(name string) bool {
	dir, base := path.Split(name)
	parts := strings.Split(base, ".")
	if len(parts) > 2 && slices.ContainsFunc(parts[1:len(parts)-1], isHexHash) {
		return true
	}
	stem, ending := parts[0], path.Ext(strings.TrimSuffix(base, ".map"))
	if !builtEndings[ending] {
		return false
	}
	if tail := stem[strings.LastIndexByte(stem, '-')+1:]; isHexHash(tail) {
		return len(tail) >= 16
	}
	before := len(stem) - viteHash - 1
	return strings.HasSuffix(dir, "assets/") && before > 0 && stem[before] == '-' && isMixed(stem[before+1:])
}

// builtEndings are those of files that are made from sources and never uploaded.
var builtEndings = map[string]bool{".js": true, ".mjs": true, ".css": true, ".wasm": true, ".woff": true, ".woff2": true, ".ttf": true}

// isHexHash reports whether s is a hash in hex digits. One without a letter may be a date, and one without a digit a word.
func isHexHash(s string) bool {
	return slices.Contains([]int{8, 12, 16, 20, 32, 40, 64}, len(s)) &&
		strings.Trim(s, "0123456789abcdef") == "" && strings.ContainsAny(s, "0123456789") && strings.ContainsAny(s, "abcdef")
}

// viteHash is the length of the hashes that Vite makes.
const viteHash = 8

// isMixed reports whether s is letters of both cases and digits in an order that no word has.
func isMixed(s string) bool {
	seen, changes := map[byte]bool{}, 0
	for i := range len(s) {
		class := classOf(s[i])
		seen[class] = true
		if i > 0 && class != classOf(s[i-1]) {
			changes++
		}
	}
	return seen['a'] && seen['A'] && seen['0'] && !seen[0] && changes >= 3
}

// classOf is a byte that stands for all of its kind; 0 for what is in no base64url.
func classOf(c byte) byte {
	switch {
	case 'a' <= c && c <= 'z':
		return 'a'
	case 'A' <= c && c <= 'Z':
		return 'A'
	case '0' <= c && c <= '9':
		return '0'
	case c == '-', c == '_':
		return '-'
	}
	return 0
}
