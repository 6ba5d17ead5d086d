package mediatype

import (
	"bytes"

	"forebay/proxy/coding"
	"forebay/python"
)

// WantsJSON reports by the fields of a request whether its client would rather have JSON than a page. Of two that weigh the
// same it wants the one that it names more exactly: programs say "application/json, */*". It allocates nothing.
func WantsJSON(fields []python.Field) bool {
	json, html := wantedAs(fields, "application", "json"), wantedAs(fields, "text", "html")
	if json.weight != html.weight {
		return json.weight > html.weight
	}
	return json.weight > 0 && json.exact > html.exact
}

// wanted is how much a client wants a media type.
type wanted struct {
	weight uint16 // in thousandths
	exact  int    // by what that is said: the type itself, all of its kind, everything; 0 is by nothing
}

// wantedAs reads the Accept fields: the range that names a type most exactly counts (RFC 9110, section 12.5.1).
func wantedAs(fields []python.Field, kind, subtype string) (best wanted) {
	for i := range fields {
		if !python.EqualFold(fields[i].Name, "accept") {
			continue
		}
		for element := range bytes.SplitSeq(fields[i].Value, []byte{','}) {
			name, params, _ := bytes.Cut(element, []byte{';'})
			if exact := exactness(bytes.TrimSpace(name), kind, subtype); exact > best.exact {
				best = wanted{weightAmong(params), exact}
			}
		}
	}
	return best
}

// exactness is how exactly a range names a type, or 0 if it does not.
func exactness(name []byte, kind, subtype string) int {
	const everything, kindred, itself = 1, 2, 3
	switch before, after, _ := bytes.Cut(name, []byte{'/'}); {
	case string(name) == "*/*":
		return everything
	case !python.EqualFold(before, kind):
		return 0
	case string(after) == "*":
		return kindred
	case python.EqualFold(after, subtype):
		return itself
	}
	return 0
}

// weightAmong is the weight that one of the parameters gives.
func weightAmong(params []byte) uint16 {
	for param := range bytes.SplitSeq(params, []byte{';'}) {
		if param = bytes.TrimSpace(param); len(param) > 1 && param[0]|0x20 == 'q' && param[1] == '=' {
			return coding.Weight(param)
		}
	}
	return coding.Weight(nil)
}
