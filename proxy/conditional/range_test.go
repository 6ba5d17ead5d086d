package conditional

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// rangesOf asks for ranges of a representation of a size and returns the outcome.
func rangesOf(value string, size int64) Outcome {
	return Evaluate([]byte("GET"), fieldsOf("Range: "+value), Validators{}, size)
}

func TestRanges(t *testing.T) {
	tests := map[string]struct {
		value  string
		status int
		ranges []Range
	}{
		"first and last":                {"bytes=2-4", 206, []Range{{2, 3}}},
		"one byte":                      {"bytes=0-0", 206, []Range{{0, 1}}},
		"the last byte":                 {"bytes=9-9", 206, []Range{{9, 1}}},
		"from a byte on":                {"bytes=7-", 206, []Range{{7, 3}}},
		"all":                           {"bytes=0-", 206, []Range{{0, 10}}},
		"beyond the end":                {"bytes=8-100", 206, []Range{{8, 2}}},
		"a suffix":                      {"bytes=-3", 206, []Range{{7, 3}}},
		"a suffix that is longer":       {"bytes=-30", 206, []Range{{0, 10}}},
		"a suffix of nothing":           {"bytes=-0", 416, nil},
		"a suffix of much nothing":      {"bytes=-000", 416, nil},
		"after the end":                 {"bytes=10-", 416, nil},
		"far after the end":             {"bytes=99999999999999999999999-", 416, nil},
		"to far after the end":          {"bytes=9-99999999999999999999999", 206, []Range{{9, 1}}},
		"a suffix that is far longer":   {"bytes=-99999999999999999999999", 206, []Range{{0, 10}}},
		"the unit in another case":      {"Bytes=0-0", 206, []Range{{0, 1}}},
		"leading zeros":                 {"bytes=000-001", 206, []Range{{0, 2}}},
		"several":                       {"bytes=0-1,4-5,-1", 206, []Range{{0, 2}, {4, 2}, {9, 1}}},
		"in the order asked":            {"bytes=8-,0-1", 206, []Range{{8, 2}, {0, 2}}},
		"with space":                    {"bytes= 0-1 ,\t4-5 ", 206, []Range{{0, 2}, {4, 2}}},
		"with empty elements":           {"bytes=,0-1,, ,4-5,", 206, []Range{{0, 2}, {4, 2}}},
		"one of several":                {"bytes=20-,3-3", 206, []Range{{3, 1}}},
		"none of several":               {"bytes=20-,30-31,-0", 416, nil},
		"two that overlap":              {"bytes=0-4,3-5", 206, []Range{{0, 5}, {3, 3}}},
		"more than the whole":           {"bytes=0-5,4-9", 200, nil},
		"the whole twice":               {"bytes=0-,0-", 200, nil},
		"last before first":             {"bytes=4-2", 200, nil},
		"one of several is not valid":   {"bytes=0-1,4-2", 200, nil},
		"not valid after not there":     {"bytes=20-,x", 200, nil},
		"no dash":                       {"bytes=4", 200, nil},
		"a dash alone":                  {"bytes=-", 200, nil},
		"three numbers":                 {"bytes=1-2-3", 200, nil},
		"two dashes":                    {"bytes=--1", 200, nil},
		"a sign":                        {"bytes=+1-2", 200, nil},
		"space inside":                  {"bytes=1 - 2", 200, nil},
		"letters":                       {"bytes=a-b", 200, nil},
		"nothing":                       {"bytes=", 200, nil},
		"commas only":                   {"bytes=, ,", 200, nil},
		"no unit":                       {"0-1", 200, nil},
		"another unit":                  {"pages=0-1", 200, nil},
		"space before the equals sign":  {"bytes =0-1", 200, nil},
		"as many as are taken":          {"bytes=" + many(MaxRanges), 416, nil},
		"more than are taken":           {"bytes=" + many(MaxRanges+1), 200, nil},
		"a byte that is no ASCII digit": {"bytes=\xb9-", 200, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := rangesOf(tt.value, 10)
			assert.Equal(t, tt.status, got.Status)
			assert.Equal(t, tt.ranges, got.Ranges)
		})
	}
}

// many are n ranges that are valid, and beyond the end.
func many(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strconv.Itoa(100+i) + "-,")
	}
	return b.String()
}

func TestRangesOfNothing(t *testing.T) {
	for value, want := range map[string]int{
		"bytes=0-":     416,
		"bytes=0-0":    416,
		"bytes=-0":     416,
		"bytes=-1":     200, // all of nothing: it can be satisfied, but no Content-Range says so
		"bytes=0-,-1":  200,
		"bytes=5-,7-9": 416,
	} {
		got := rangesOf(value, 0)
		assert.Equal(t, want, got.Status, value)
		assert.Empty(t, got.Ranges, value)
	}
}
