package config

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The access log's formats that have a name.
const (
	// FormatAuto is FormatPretty on a terminal, and else FormatJSON.
	FormatAuto = "auto"
	// FormatCombined is NCSA's combined format as Apache and nginx write it, then the time it took and the request's id.
	FormatCombined = "combined"
	// FormatJSON is one object a line.
	FormatJSON = "json"
	// FormatPretty is for people.
	FormatPretty = "pretty"
)

// combinedFormat is FormatCombined, said as others are.
const combinedFormat = `$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" ${request_time_ms}ms $request_id`

// LogFormat is a format of the access log, taken apart.
type LogFormat struct {
	Pieces []LogPiece
	// JSON says that a line is an object: values are written as in JSON's strings, and what is unknown is empty, or null.
	JSON bool
}

// LogPiece is one part of a format: a text as it stands there, or a field of the request.
type LogPiece struct {
	// Text is the text. It is empty where Field is not.
	Text string
	// Field is what is written in its place.
	Field LogField
	// Name is that of a RequestField or ResponseField, in lower case.
	Name string
	// Unit is that of a time.
	Unit LogUnit
	// Quoted says that the piece stands between double quotes.
	Quoted bool
}

// ParseLogFormat takes a format apart. FormatCombined is one; the other names have no pieces, and are errors.
func ParseLogFormat(text string) (LogFormat, error) {
	if text == FormatCombined {
		text = combinedFormat
	}
	p := formatParser{format: LogFormat{JSON: strings.HasPrefix(text, "{")}}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return LogFormat{}, fmt.Errorf("want a line of text without control characters, not %q", text)
	}
	if err := p.parse(text); err != nil {
		return LogFormat{}, err
	}
	if !slices.ContainsFunc(p.format.Pieces, func(piece LogPiece) bool { return piece.Field != "" }) {
		return LogFormat{}, fmt.Errorf("want %s, not %q", formatNames, text)
	}
	return p.format, nil
}

// formats are those that have a name.
var formats = []string{FormatAuto, FormatCombined, FormatJSON, FormatPretty}

// formatNames are the choices of access_log_format.
var formatNames = strings.Join(formats, ", ") + ", or placeholders such as %(h)s or $remote_addr"

// parseLogFormat is for the setting.
func parseLogFormat(text, _ string) (any, error) {
	switch text {
	case FormatAuto, FormatJSON, FormatPretty:
		return text, nil
	}
	_, err := ParseLogFormat(text)
	return text, err
}

// formatParser reads gunicorn's placeholders and nginx's variables, which may stand in one format.
type formatParser struct {
	format LogFormat
	quoted bool
}

func (p *formatParser) parse(text string) error {
	for text != "" {
		i := strings.IndexAny(text, "%$")
		if i < 0 {
			break
		}
		p.addText(text[:i])
		text = text[i:]
		var pieces []LogPiece
		var rest string
		var err error
		if text[0] == '%' {
			pieces, rest, err = cutAtom(text)
		} else {
			pieces, rest, err = cutVariable(text)
		}
		if err == nil {
			err = p.add(pieces, text[:len(text)-len(rest)])
		}
		if err != nil {
			return err
		}
		text = rest
	}
	p.addText(text)
	return nil
}

func (p *formatParser) addText(text string) {
	if text != "" {
		p.format.Pieces = append(p.format.Pieces, LogPiece{Text: text})
	}
	if strings.Count(strings.ReplaceAll(text, `\"`, ""), `"`)%2 == 1 {
		p.quoted = !p.quoted
	}
}

// add adds what placeholder stands for.
func (p *formatParser) add(pieces []LogPiece, placeholder string) error {
	for _, piece := range pieces {
		if piece.Field == "" {
			p.addText(piece.Text)
			continue
		}
		if p.format.JSON && !p.quoted && !slices.Contains(unquotedJSON, piece.Field) {
			return fmt.Errorf("want quotes around %s, as it is no number: a format that begins with { is one of JSON", placeholder)
		}
		piece.Quoted = p.quoted
		p.format.Pieces = append(p.format.Pieces, piece)
	}
	return nil
}

// cutAtom cuts what text begins with: %(h)s, %({name}i)s, %% or a percent sign that is none of these.
func cutAtom(text string) (pieces []LogPiece, rest string, err error) {
	switch {
	case strings.HasPrefix(text, "%%"):
		return []LogPiece{{Text: "%"}}, text[2:], nil
	case !strings.HasPrefix(text, "%("):
		return []LogPiece{{Text: "%"}}, text[1:], nil
	}
	name, rest, found := strings.Cut(text[2:], ")")
	if !found || rest == "" || (rest[0] != 's' && rest[0] != 'd') {
		return nil, "", fmt.Errorf("want a placeholder such as %%(h)s, not %q", text[:min(len(text), 20)])
	}
	pieces, err = atom(name)
	return pieces, rest[1:], err
}

// atom is what a placeholder of gunicorn's stands for.
func atom(name string) ([]LogPiece, error) {
	if pieces, known := atoms[name]; known {
		return pieces, nil
	}
	inner, isNamed := strings.CutPrefix(name, "{")
	field, kind, closed := strings.Cut(inner, "}")
	switch {
	case !isNamed, !closed:
	case kind == "e":
		return nil, fmt.Errorf("unknown placeholder %%(%s)s: the log knows fields of the request ({NAME}i) and the response ({NAME}o), and not the environ", name)
	case !isFieldName(field):
	case kind == "i":
		return requestField(strings.ToLower(field)), nil
	case kind == "o":
		return []LogPiece{{Field: LogResponseField, Name: strings.ToLower(field)}}, nil
	}
	return nil, fmt.Errorf("unknown placeholder %%(%s)s", name)
}

// cutVariable cuts what text begins with: $name, ${name} or a dollar sign that is neither.
func cutVariable(text string) (pieces []LogPiece, rest string, err error) {
	isName := func(r rune) bool { return r == '_' || (r >= '0' && r <= '9') || (r|0x20 >= 'a' && r|0x20 <= 'z') }
	name, rest := "", text[1:]
	if inner, braced := strings.CutPrefix(rest, "{"); braced {
		var closed bool
		if name, rest, closed = strings.Cut(inner, "}"); !closed {
			return nil, "", fmt.Errorf("want a variable such as ${status}, not %q", text[:min(len(text), 20)])
		}
	} else {
		rest = strings.TrimLeftFunc(rest, isName)
		if name = text[1 : len(text)-len(rest)]; name == "" {
			return []LogPiece{{Text: "$"}}, rest, nil
		}
	}
	pieces, err = variable(name)
	return pieces, rest, err
}

// variable is what a variable stands for. Fields are named in lower case with underscores, as nginx has them.
func variable(name string) ([]LogPiece, error) {
	if pieces, known := variables[name]; known {
		return pieces, nil
	}
	kind, prefix := LogRequestField, requestPrefix
	if strings.HasPrefix(name, responsePrefix) {
		kind, prefix = LogResponseField, responsePrefix
	}
	if field, found := strings.CutPrefix(name, prefix); found && isFieldName(field) {
		return []LogPiece{{Field: kind, Name: strings.ToLower(strings.ReplaceAll(field, "_", "-"))}}, nil
	}
	hint := ""
	if near := Closest(name, Variables()); near != "" {
		hint = ": did you mean $" + near + "?"
	}
	return nil, fmt.Errorf("unknown variable $%s%s", name, hint)
}
