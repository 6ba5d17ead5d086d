package conditional

import (
	"bytes"
	"math"
	"net/http"

	"forebay/python"
)

// MaxRanges is how many ranges one request may ask for. Who asks for more gets the whole: RFC 9110, section 14.2, takes
// many small ranges for a sign of a broken client or of an attack. A reader of PDF files asks for a few dozen at most.
const MaxRanges = 64

// selectRanges decides about a Range field that counts. What is not valid, or more work than the whole would be, is
// ignored, as section 14.2 allows.
func selectRanges(value []byte, size int64) Outcome {
	whole := Outcome{Status: http.StatusOK}
	set, isBytes := cutUnit(value)
	if !isBytes {
		return whole
	}
	var ranges []Range
	var specs int
	var total int64
	for len(set) > 0 {
		var spec []byte
		spec, set, _ = bytes.Cut(set, comma)
		if spec = trimSpace(spec); len(spec) == 0 {
			continue // an empty element of a list (section 5.6.1)
		}
		r, valid := parseRange(spec, size)
		if specs++; !valid || specs > MaxRanges {
			return whole
		}
		if r.Count > 0 {
			ranges, total = append(ranges, r), total+r.Count
		}
		if total > size { // some overlap
			return whole
		}
	}
	switch {
	case specs == 0:
		return whole
	case len(ranges) == 0:
		return Outcome{Status: http.StatusRequestedRangeNotSatisfiable}
	}
	return Outcome{Status: http.StatusPartialContent, Ranges: ranges}
}

var comma = []byte{','}

// cutUnit takes "bytes=" off, in any case: it is the one unit that we know (section 14.1).
func cutUnit(value []byte) (set []byte, isBytes bool) {
	const unit = "bytes"
	if len(value) <= len(unit) || value[len(unit)] != '=' || !python.EqualFold(value[:len(unit)], unit) {
		return nil, false
	}
	return value[len(unit)+1:], true
}

// parseRange reads "first-last", "first-" or "-length" (section 14.1.2). A range that is valid and has nothing of the
// representation in it has no bytes. The end of an empty representation is all of it, which no Content-Range can say: so
// that one counts as not valid.
func parseRange(spec []byte, size int64) (r Range, valid bool) {
	before, after, dash := bytes.Cut(spec, []byte{'-'})
	switch {
	case !dash:
		return r, false
	case len(before) == 0:
		length, ok := parsePosition(after)
		length = min(length, size)
		return Range{size - length, length}, ok && (size > 0 || isZero(after))
	}
	first, ok := parsePosition(before)
	last := int64(math.MaxInt64)
	if ok && len(after) > 0 {
		last, ok = parsePosition(after)
	}
	if !ok || last < first {
		return r, false
	}
	if first >= size {
		return r, true
	}
	return Range{first, min(last, size-1) - first + 1}, true
}

// parsePosition reads digits. A number that is too large for us is larger than any file, too.
func parsePosition(digits []byte) (n int64, valid bool) {
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		if n > (math.MaxInt64-9)/10 {
			n = math.MaxInt64
			continue
		}
		n = n*10 + int64(c-'0')
	}
	return n, len(digits) > 0
}

func isZero(digits []byte) bool { return len(bytes.Trim(digits, "0")) == 0 }
