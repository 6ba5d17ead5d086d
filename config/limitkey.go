package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// LimitKey says what a limit counts by: requests with the same key share its rate. All parts together are the key.
type LimitKey struct{ Parts []KeyPart }

// KeyPart is the value of the first of its sources that the request has.
type KeyPart []KeySource

// KeySource is where in a request a value is found.
type KeySource struct {
	Kind KeyKind
	// Name is that of the field, in lower case, or of the cookie. Other kinds have none.
	Name string
}

// KeyKind is a kind of source.
type KeyKind string

// The kinds of sources.
const (
	// KeyAddress is the client's verified address; one of IPv6 stands for its network. Peers of a unix socket whose
	// address nobody tells are all one.
	KeyAddress KeyKind = "address"
	// KeyMethod and KeyPath are those of the request; the path is decoded, and without its query.
	KeyMethod KeyKind = "method"
	KeyPath   KeyKind = "path"
	// KeyHeader is the value of a field, KeyCookie that of a cookie.
	KeyHeader KeyKind = "header"
	KeyCookie KeyKind = "cookie"
	// KeyAll is the same for all requests: they share one rate.
	KeyAll KeyKind = "all"
)

// keyKinds says of each kind whether it has a name.
var keyKinds = map[KeyKind]bool{
	KeyAddress: false, KeyMethod: false, KeyPath: false, KeyAll: false, KeyHeader: true, KeyCookie: true,
}

// parseLimitKey reads sources, of which "+" makes one key and "|" takes the first that is there.
func parseLimitKey(text, _ string) (any, error) {
	var key LimitKey
	for partText := range strings.SplitSeq(text, "+") {
		var part KeyPart
		for sourceText := range strings.SplitSeq(partText, "|") {
			source, err := parseKeySource(strings.TrimSpace(sourceText))
			if err != nil {
				return nil, err
			}
			part = append(part, source)
		}
		key.Parts = append(key.Parts, part)
	}
	return key, nil
}

func parseKeySource(text string) (KeySource, error) {
	kind, name, named := strings.Cut(text, ":")
	source := KeySource{Kind: KeyKind(kind), Name: name}
	wantsName, known := keyKinds[source.Kind]
	switch {
	case !known:
		return source, fmt.Errorf("want address, method, path, all, header:NAME or cookie:NAME, with + and | between several, not %q", text)
	case wantsName && !isFieldName(name):
		return source, fmt.Errorf("want %s:NAME, such as header:X-Api-Key or cookie:session, not %q", kind, text)
	case named && !wantsName:
		return source, fmt.Errorf("want %s without a name, not %q", kind, text)
	}
	if source.Kind == KeyHeader {
		source.Name = strings.ToLower(name)
	}
	return source, nil
}

// isFieldName says whether a name is one that a field or a cookie may have: a token (RFC 9110, section 5.6.2).
func isFieldName(name string) bool {
	const marks = "!#$%&'*+-.^_`|~"
	return name != "" && !slices.ContainsFunc([]byte(name), func(b byte) bool {
		return (b < '0' || b > '9') && (b|0x20 < 'a' || b|0x20 > 'z') && strings.IndexByte(marks, b) < 0
	})
}

func formatLimitKey(value reflect.Value) string { return value.Interface().(LimitKey).String() }

// String is the key as it may be written.
func (k LimitKey) String() string {
	parts := make([]string, len(k.Parts))
	for i, part := range k.Parts {
		sources := make([]string, len(part))
		for j, source := range part {
			sources[j] = string(source.Kind)
			if source.Name != "" {
				sources[j] += ":" + source.Name
			}
		}
		parts[i] = strings.Join(sources, "|")
	}
	return strings.Join(parts, "+")
}
