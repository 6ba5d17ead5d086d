package config

import (
	"fmt"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
)

// kind is how the values of one sort of setting are read and written. Whatever the layer, a value arrives as text; the
// directory is the one that a relative path in it starts from.
type kind struct {
	parse  func(text, dir string) (any, error)
	format func(value reflect.Value) string
	// number: in a file, numbers may stand without quotes.
	number bool
	// truth: in a file, true and false stand without quotes, and the option needs no value.
	truth bool
	// mapping: a list of prefixes with their directories, which a file may write as tables.
	mapping bool
	// least is the smallest value of a number that is in order.
	least int64
	// commas: an element of a list holds no comma, so that several may be given in one text, as gunicorn takes them.
	// In the environment, where a setting cannot be repeated, commas part the elements of every list.
	commas bool
}

var (
	textKind     = kind{parse: parseText, format: reflect.Value.String}
	namesKind    = kind{parse: parseText, format: reflect.Value.String, commas: true}
	pathKind     = kind{parse: parsePath, format: reflect.Value.String}
	pathsKind    = kind{parse: parsePath, format: reflect.Value.String, commas: true}
	programKind  = kind{parse: parseProgram, format: reflect.Value.String}
	streamKind   = kind{parse: parseStream, format: reflect.Value.String}
	listenKind   = kind{parse: parseListen, format: reflect.Value.String}
	levelKind    = kind{parse: parseLevel, format: reflect.Value.String}
	styleKind    = kind{parse: parseStyle, format: reflect.Value.String}
	formatKind   = kind{parse: parseLogFormat, format: reflect.Value.String}
	partKind     = kind{parse: parsePart, format: formatPart, number: true}
	retryKind    = kind{parse: parseRetry, format: reflect.Value.String}
	globsKind    = kind{parse: parseGlob, format: reflect.Value.String, commas: true}
	switchKind   = kind{parse: parseSwitch, format: formatSwitch, truth: true}
	octalKind    = kind{parse: parseOctal, format: formatOctal, least: -1}
	countKind    = kind{parse: parseCount, format: formatCount, number: true}
	sizeKind     = kind{parse: parseSize, format: formatSize, number: true}
	durationKind = kind{parse: parseDuration, format: formatDuration, number: true}
	staticKind   = kind{parse: parseStatic, format: formatStatic, mapping: true}
	redisKind    = kind{parse: parseText, format: formatRedis}
	tokenKind    = kind{parse: parseText, format: formatToken}
	rateKind     = kind{parse: parseRate, format: formatRate}
	keyKind      = kind{parse: parseLimitKey, format: formatLimitKey}
	sharingKind  = kind{parse: parseSharing, format: reflect.Value.String}
	onErrorKind  = kind{parse: parseOnError, format: reflect.Value.String}
	headersKind  = kind{parse: parseHeaders, format: reflect.Value.String}
	methodsKind  = kind{parse: parseMethod, format: reflect.Value.String, commas: true}
	internalKind = kind{parse: parseInternal, format: formatInternal, mapping: true}
)

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
	return nil, fmt.Errorf("want %s, not %q", levelNames, text)
}

func parseStyle(text, _ string) (any, error) {
	switch style := LogStyle(text); style {
	case LogAuto, LogText, LogJSON:
		return style, nil
	}
	return nil, fmt.Errorf("want %s, not %q", styleNames, text)
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

func parseRetry(text, _ string) (any, error) {
	switch retry := Retry(text); retry {
	case RetryIdempotent, RetryNever, RetryAlways:
		return retry, nil
	}
	return nil, fmt.Errorf("want %s, not %q", retryNames, text)
}

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
