// Package target reads request targets. It takes the path as the client wrote it, since whoever decodes, joins or
// cleans a path twice opens what a rule on it has closed.
package target

import (
	"bytes"
	"errors"
)

// ErrEscape says that two hex digits do not follow a percent sign.
var ErrEscape = errors.New("percent sign without two hex digits")

// Decode appends raw to dst with each percent-escape replaced by its byte (RFC 3986, section 2.1), once: what comes out
// is not read again, so %2541 gives %41. A plus sign stays what it is. At a bad escape it returns what stood before it,
// and ErrEscape. It does not allocate when dst has room for len(raw) bytes; dst may be raw[:0].
func Decode(dst, raw []byte) ([]byte, error) {
	for {
		i := bytes.IndexByte(raw, '%')
		if i < 0 {
			return append(dst, raw...), nil
		}
		dst = append(dst, raw[:i]...)
		raw = raw[i:]
		if len(raw) < 3 {
			return dst, ErrEscape
		}
		high, low := hexDigit[raw[1]], hexDigit[raw[2]]
		if high|low > 15 {
			return dst, ErrEscape
		}
		dst = append(dst, high<<4|low)
		raw = raw[3:]
	}
}

// hexDigit is the value of each hex digit, and 255 for every other byte.
var hexDigit = func() (t [256]byte) {
	for i := range t {
		t[i] = 255
	}
	for i := range byte(10) {
		t['0'+i] = i
	}
	for i := range byte(6) {
		t['a'+i], t['A'+i] = 10+i, 10+i
	}
	return t
}()
