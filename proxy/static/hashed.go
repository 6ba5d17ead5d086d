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
//   - assets/index-BxY8eZ3a.js, assets/index-06d14ce2.js: eight letters and digits behind a hyphen, in hex or so mixed that
//     they are no words, for code and fonts in a directory "assets"; so does Vite. See isNoWord: a third of its names could
//     be anybody's, and is not believed.
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
	tail := stem[strings.LastIndexByte(stem, '-')+1:]
	if isHexHash(tail) && len(tail) >= 16 {
		return true
	}
	before := len(stem) - viteHash - 1
	if !strings.HasSuffix(dir, "assets/") || before <= 0 || stem[before] != '-' {
		return false
	}
	return isHexHash(stem[before+1:]) || isNoWord(stem[before+1:])
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

// isNoWord reports whether s, eight letters, digits, hyphens and underscores, is none of the names that people make by
// writing words together. Those have two or three words in so short a space: dataGrid, ToDoList, Web3Auth, Html5Css. Taken
// apart in the same way, what comes by chance has about one for each two letters, and a digit makes one more. Lower-case
// or upper-case letters alone are left to people.
func isNoWord(s string) bool {
	const fewest, fewestWithDigits = 4, 5
	words, ok := countWords(s)
	switch {
	case !ok || strings.ToLower(s) == s || strings.ToUpper(s) == s:
		return false
	case strings.ContainsAny(s, "0123456789"):
		return words >= fewestWithDigits
	}
	return words >= fewest
}

// countWords counts the parts of s that are a word in camel case, an abbreviation in capitals, a number, or what stands
// between them. It is not ok if there are others.
func countWords(s string) (words int, ok bool) {
	previous := byte(0)
	for i := range len(s) {
		class := classOf(s[i])
		if class == 0 {
			return 0, false
		}
		begins := class != previous && (class != 'a' || previous != 'A')
		// The capital before a small letter begins that word, and does not end an abbreviation: XMLFile.
		begins = begins || class == 'A' && i+1 < len(s) && classOf(s[i+1]) == 'a'
		if begins {
			words++
		}
		previous = class
	}
	return words, true
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
