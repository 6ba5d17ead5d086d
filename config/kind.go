package config

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// kind is how the values of one sort of setting are read and written. Whatever the layer, a value arrives as text; the
// directory is the one that a relative path in it starts from.
type kind struct {
	parse  func(text, dir string) (any, error)
	format func(value reflect.Value) string
	// number: in a file, numbers may stand without quotes. unit is what 1 is then, and whole says that there is nothing
	// between 0 and 1; most is the largest, where the kind itself has one.
	number bool
	unit   float64
	whole  bool
	most   float64
	// truth: in a file, true and false stand without quotes, and the option needs no value.
	truth bool
	// mapping: a list of prefixes with their directories, which a file may write as tables.
	mapping bool
	// least is the smallest value of a number that is in order.
	least int64
	// commas: an element of a list holds no comma, so that several may be given in one text, as gunicorn takes them.
	// In the environment, where a setting cannot be repeated, commas part the elements of every list.
	commas bool
	// choices are the values that have a name. There are no others unless it is open.
	choices []string
	open    bool
	// place is what a value names of the file system.
	place Place
	// pattern is what every text that is in order looks like: an expression that means the same to Go and to ECMA-262, as
	// JSON Schema wants it. Empty means that nothing so simple can be said.
	pattern string
}

var (
	textKind     = kind{parse: parseText, format: reflect.Value.String}
	namesKind    = kind{parse: parseText, format: reflect.Value.String, commas: true}
	pairKind     = kind{parse: parseText, format: reflect.Value.String, pattern: pairPattern}
	fileKind     = kind{parse: parsePath, format: reflect.Value.String, place: PlaceFile}
	dirKind      = kind{parse: parsePath, format: reflect.Value.String, place: PlaceDir}
	dirsKind     = kind{parse: parsePath, format: reflect.Value.String, place: PlaceDir, commas: true}
	programKind  = kind{parse: parseProgram, format: reflect.Value.String, place: PlaceProgram}
	streamKind   = kind{parse: parseStream, format: reflect.Value.String, place: PlaceFile, choices: []string{"-", syslogPrefix}, open: true}
	listenKind   = kind{parse: parseListen, format: reflect.Value.String, place: PlaceSocket}
	levelKind    = kind{parse: parseLevel, format: reflect.Value.String, choices: levels, open: true, pattern: levelPattern}
	styleKind    = choiceKind(LogAuto, LogText, LogJSON)
	formatKind   = kind{parse: parseLogFormat, format: reflect.Value.String, choices: formats, open: true}
	partKind     = kind{parse: parsePart, format: formatPart, number: true, unit: 1, most: 1, pattern: partPattern}
	retryKind    = choiceKind(RetryIdempotent, RetryNever, RetryAlways)
	globsKind    = kind{parse: parseGlob, format: reflect.Value.String, place: PlaceFile, commas: true}
	switchKind   = kind{parse: parseSwitch, format: formatSwitch, truth: true, pattern: switchPattern}
	octalKind    = kind{parse: parseOctal, format: formatOctal, least: -1, pattern: octalPattern}
	countKind    = kind{parse: parseCount, format: formatCount, number: true, unit: 1, whole: true, pattern: countPattern}
	sizeKind     = kind{parse: parseSize, format: formatSize, number: true, unit: 1, whole: true, pattern: sizePattern}
	durationKind = kind{parse: parseDuration, format: formatDuration, number: true, unit: float64(time.Second), pattern: durationPattern}
	staticKind   = kind{parse: parseStatic, format: formatStatic, mapping: true, place: PlaceMapping}
	redisKind    = kind{parse: parseText, format: formatRedis}
	tokenKind    = kind{parse: parseText, format: formatToken}
	rateKind     = kind{parse: parseRate, format: formatRate, pattern: ratePattern.String()}
	keyKind      = kind{parse: parseLimitKey, format: formatLimitKey, pattern: limitKeyPattern()}
	sharingKind  = choiceKind(SharedNo, SharedStrict, SharedLease)
	onErrorKind  = choiceKind(OnErrorLocal, OnErrorAllow, OnErrorDeny)
	headersKind  = choiceKind(HeadersDraft, HeadersLegacy, HeadersBoth, HeadersNone)
	methodsKind  = kind{parse: parseMethod, format: reflect.Value.String, commas: true}
	internalKind = kind{parse: parseInternal, format: formatInternal, mapping: true, place: PlaceMapping}
)

// Place is what of the file system the value of a setting names, for whoever helps to type it.
type Place int

// The places.
const (
	PlaceNone Place = iota
	PlaceFile
	PlaceDir
	// PlaceProgram is an executable file, or the name of one in $PATH.
	PlaceProgram
	// PlaceSocket is an address, or unix: and a path.
	PlaceSocket
	// PlaceMapping is PREFIX=DIR.
	PlaceMapping
)

// choiceKind is that of settings which are one of a few names.
func choiceKind[T ~string](choices ...T) kind {
	k := kind{format: reflect.Value.String}
	for _, choice := range choices {
		k.choices = append(k.choices, string(choice))
	}
	k.parse = func(text, _ string) (any, error) {
		if !slices.Contains(k.choices, text) {
			return nil, fmt.Errorf("want %s, not %q", either(k.choices), text)
		}
		return T(text), nil
	}
	return k
}

// either is a list of choices in words: a, b or c.
func either(choices []string) string {
	last := len(choices) - 1
	return strings.Join(choices[:last], ", ") + " or " + choices[last]
}

// like is k whose texts look like that.
func (k kind) like(pattern string) kind {
	k.pattern = pattern
	return k
}

// from is k with a least value.
func (k kind) from(least int64) kind {
	k.least = least
	return k
}

func parseText(text, _ string) (any, error) { return text, nil }

func parsePath(text, dir string) (any, error) { return resolve(text, dir), nil }

// parseProgram leaves a bare name alone: it is looked for in $PATH.
func parseProgram(text, dir string) (any, error) {
	if !strings.ContainsRune(text, filepath.Separator) {
		return text, nil
	}
	return resolve(text, dir), nil
}

// parseStream knows "-", which is a standard stream and no file, and syslog.
func parseStream(text, dir string) (any, error) {
	if text == "-" || IsSyslog(text) {
		return text, nil
	}
	return resolve(text, dir), nil
}

// parseListen makes the path of a unix socket absolute. "@name" has no place in the file system: see unix(7), abstract.
func parseListen(text, dir string) (any, error) {
	path, isUnix := strings.CutPrefix(text, unixPrefix)
	if !isUnix || strings.HasPrefix(path, "@") {
		return text, nil
	}
	return unixPrefix + resolve(path, dir), nil
}

// levels are those that a log may have.
var levels = []string{"debug", "info", "warn", "error"}

// parseLevel takes gunicorn's names for the levels as well.
func parseLevel(text, _ string) (any, error) {
	switch level := strings.ToLower(text); level {
	case "debug", "info", "warn", "error":
		return level, nil
	case "warning":
		return "warn", nil
	case "critical":
		return "error", nil
	}
	return nil, fmt.Errorf("want %s, not %q", either(levels), text)
}

// parsePart reads a part of the whole.
func parsePart(text, _ string) (any, error) {
	part, err := strconv.ParseFloat(text, 64)
	if err != nil || !(part >= 0 && part <= 1) {
		return nil, fmt.Errorf("want a number from 0 to 1, not %q", text)
	}
	return part, nil
}

func formatPart(value reflect.Value) string { return strconv.FormatFloat(value.Float(), 'g', -1, 64) }

// parseGlob makes a pattern absolute. What its directory is called is no pattern.
func parseGlob(text, dir string) (any, error) {
	if text == "" {
		return nil, fmt.Errorf("want a path or a pattern such as \"templates/*.html\"")
	}
	return resolve(text, globEscape.Replace(dir)), nil
}

var globEscape = strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`)

// parseSwitch takes what strconv.FormatBool writes, in any case as Python has it, and the digits.
func parseSwitch(text, _ string) (any, error) {
	switch strings.ToLower(text) {
	case "true", "1":
		return true, nil
	case "false", "0":
		return false, nil
	}
	return nil, fmt.Errorf("want true or false, not %q", text)
}

func formatSwitch(value reflect.Value) string { return strconv.FormatBool(value.Bool()) }

func parseCount(text, _ string) (any, error) {
	n, err := strconv.Atoi(text)
	if err != nil {
		return nil, fmt.Errorf("want a whole number, not %q", text)
	}
	return n, nil
}

func formatCount(value reflect.Value) string { return strconv.FormatInt(value.Int(), 10) }

// parseOctal takes text only, in a file too: there 22 would be decimal, and nobody who writes umask = 22 means that.
func parseOctal(text, _ string) (any, error) {
	if text == "-1" {
		return -1, nil
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(text, "0o"), 8, 31)
	if err != nil {
		return nil, fmt.Errorf("want an octal number such as \"022\", not %q", text)
	}
	return int(n), nil
}

func formatOctal(value reflect.Value) string {
	if value.Int() < 0 {
		return formatCount(value)
	}
	return fmt.Sprintf("%03o", value.Int())
}

// resolve is path, starting from dir if it is relative. The empty path stays empty: it means that nothing was named.
func resolve(path, dir string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}
