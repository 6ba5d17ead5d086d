package conditional

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/python"
)

// fieldsOf makes fields of lines such as "Range: bytes=0-1".
func fieldsOf(lines ...string) []python.Field {
	fields := []python.Field{{Name: []byte("Host"), Value: []byte("x")}, {Name: []byte("If"), Value: []byte("x")}, {}}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		fields = append(fields, python.Field{Name: []byte(name), Value: []byte(value)})
	}
	return fields
}

// modified is the date of the representation in the tests below.
var modified = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const (
	sameDate = "Sun, 01 Mar 2026 12:00:00 GMT"
	earlier  = "Sun, 01 Mar 2026 11:59:59 GMT"
	later    = "Sun, 01 Mar 2026 12:00:01 GMT"
)

func TestConditions(t *testing.T) {
	tests := map[string]struct {
		lines  []string
		status int
	}{
		"none":                                      {nil, 200},
		"another field with that beginning":         {[]string{"If-Nothing: *", "Referer: x", "Idempotency-Key: 1"}, 200},
		"If-None-Match":                             {[]string{`If-None-Match: "v1"`}, 304},
		"its name in another case":                  {[]string{`if-NONE-match: "v1"`}, 304},
		"of another version":                        {[]string{`If-None-Match: "v2"`}, 200},
		"weak comparison":                           {[]string{`If-None-Match: W/"v1"`}, 304},
		"a small w is no mark":                      {[]string{`If-None-Match: w/"v1"`}, 200},
		"in a list":                                 {[]string{`If-None-Match: "a", W/"b" ,"v1"`}, 304},
		"in a list with empty elements":             {[]string{"If-None-Match: , ,\t\"a\",,\"v1\",, "}, 304},
		"in a second field":                         {[]string{`If-None-Match: "a"`, `If-None-Match: "v1"`}, 304},
		"a comma inside of a tag":                   {[]string{`If-None-Match: "a,b", "v1"`}, 304},
		"a tag inside of a tag":                     {[]string{`If-None-Match: "x"v1"`}, 200},
		"two tags with nothing between":             {[]string{`If-None-Match: "a""v1"`}, 200},
		"two tags with space between":               {[]string{`If-None-Match: "a" "v1"`}, 200},
		"what was read before a fault counts":       {[]string{`If-None-Match: "v1", v2`}, 304},
		"without quotes":                            {[]string{`If-None-Match: v1`}, 200},
		"a quote alone":                             {[]string{`If-None-Match: "`}, 200},
		"a mark alone":                              {[]string{`If-None-Match: W/`}, 200},
		"with a space in it":                        {[]string{`If-None-Match: "v 1", "v1"`}, 200},
		"an asterisk":                               {[]string{`If-None-Match: *`}, 304},
		"an asterisk with space":                    {[]string{"If-None-Match:   * \t"}, 304},
		"an asterisk in a list is no tag":           {[]string{`If-None-Match: "a", *`}, 200},
		"an empty field":                            {[]string{`If-None-Match: `}, 200},
		"If-Modified-Since the same":                {[]string{"If-Modified-Since: " + sameDate}, 304},
		"since later":                               {[]string{"If-Modified-Since: " + later}, 304},
		"since earlier":                             {[]string{"If-Modified-Since: " + earlier}, 200},
		"no date":                                   {[]string{"If-Modified-Since: yesterday"}, 200},
		"two dates":                                 {[]string{"If-Modified-Since: " + sameDate, "If-Modified-Since: " + sameDate}, 200},
		"If-None-Match is before If-Modified-Since": {[]string{`If-None-Match: "v2"`, "If-Modified-Since: " + later}, 200},
		"also when it is not valid":                 {[]string{`If-None-Match: v1`, "If-Modified-Since: " + later}, 200},
		"and the other way":                         {[]string{`If-None-Match: "v1"`, "If-Modified-Since: " + earlier}, 304},
		"If-Match":                                  {[]string{`If-Match: "v1"`}, 200},
		"If-Match of another version":               {[]string{`If-Match: "v2", "v3"`}, 412},
		"If-Match in a list":                        {[]string{`If-Match: "v2", "v1"`}, 200},
		"If-Match compares strongly":                {[]string{`If-Match: W/"v1"`}, 412},
		"If-Match anything":                         {[]string{`If-Match: *`}, 200},
		"If-Unmodified-Since the same":              {[]string{"If-Unmodified-Since: " + sameDate}, 200},
		"If-Unmodified-Since earlier":               {[]string{"If-Unmodified-Since: " + earlier}, 412},
		"If-Unmodified-Since no date":               {[]string{"If-Unmodified-Since: x"}, 200},
		"If-Unmodified-Since two dates":             {[]string{"If-Unmodified-Since: " + earlier, "If-Unmodified-Since: " + earlier}, 200},
		"If-Match is before If-Unmodified-Since":    {[]string{`If-Match: "v1"`, "If-Unmodified-Since: " + earlier}, 200},
		"If-Match holds and If-None-Match too":      {[]string{`If-Match: "v1"`, `If-None-Match: "v2"`}, 200},
		"If-Match holds and If-None-Match does not": {[]string{`If-Match: "v1"`, `If-None-Match: "v1"`}, 304},
		"412 is before 304":                         {[]string{`If-None-Match: "v1"`, `If-Match: "v2"`}, 412},
		"412 is before 206":                         {[]string{`If-Match: "v2"`, "Range: bytes=0-1"}, 412},
		"304 is before 206":                         {[]string{`If-None-Match: "v1"`, "Range: bytes=0-1"}, 304},
		"304 is before 416":                         {[]string{"If-Modified-Since: " + sameDate, "Range: bytes=100-"}, 304},
		"a condition holds and there is a range":    {[]string{`If-Match: "v1"`, "Range: bytes=0-1"}, 206},
		"If-Range without Range":                    {[]string{`If-Range: "v2"`}, 200},
		"If-Range":                                  {[]string{`If-Range: "v1"`, "Range: bytes=0-1"}, 206},
		"If-Range of another version":               {[]string{`If-Range: "v2"`, "Range: bytes=0-1"}, 200},
		"If-Range compares strongly":                {[]string{`If-Range: W/"v1"`, "Range: bytes=0-1"}, 200},
		"If-Range is no list":                       {[]string{`If-Range: "v1", "v2"`, "Range: bytes=0-1"}, 200},
		"If-Range by date":                          {[]string{"If-Range: " + sameDate, "Range: bytes=0-1"}, 206},
		"If-Range by an earlier date":               {[]string{"If-Range: " + earlier, "Range: bytes=0-1"}, 200},
		"If-Range by a later date":                  {[]string{"If-Range: " + later, "Range: bytes=0-1"}, 200},
		"If-Range twice":                            {[]string{`If-Range: "v1"`, `If-Range: "v1"`, "Range: bytes=0-1"}, 200},
		"If-Range of nothing known":                 {[]string{"If-Range: v1", "Range: bytes=0-1"}, 200},
		"If-Range saves from a 416":                 {[]string{`If-Range: "v2"`, "Range: bytes=100-"}, 200},
		"Range twice":                               {[]string{"Range: bytes=0-1", "Range: bytes=0-1"}, 200},
	}
	validators := Validators{[]byte(`"v1"`), modified.Unix()}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := Evaluate([]byte("GET"), fieldsOf(tt.lines...), validators, 10)
			assert.Equal(t, tt.status, got.Status)
			head := Evaluate([]byte("HEAD"), fieldsOf(tt.lines...), validators, 10)
			want := tt.status
			if want == 206 || want == 416 {
				want = 200 // section 14.2: ranges are for GET
			}
			assert.Equal(t, want, head.Status, "HEAD")
			assert.Empty(t, head.Ranges)
		})
	}
}

func TestConditionsOnARepresentationThatSaysLess(t *testing.T) {
	dated := Validators{Modified: modified.Unix()}
	tagged := Validators{ETag: []byte(`"v1"`)}
	weakly := Validators{[]byte(`W/"v1"`), modified.Unix()}
	tests := map[string]struct {
		v      Validators
		lines  []string
		status int
	}{
		"nothing known: a tag":                   {Validators{}, []string{`If-None-Match: "v1"`}, 200},
		"nothing known: any tag":                 {Validators{}, []string{`If-None-Match: *`}, 304},
		"nothing known: an empty tag":            {Validators{}, []string{`If-None-Match: ""`}, 200},
		"nothing known: If-Match":                {Validators{}, []string{`If-Match: "v1"`}, 412},
		"nothing known: If-Match any":            {Validators{}, []string{`If-Match: *`}, 200},
		"nothing known: since":                   {Validators{}, []string{"If-Modified-Since: " + later}, 200},
		"nothing known: unmodified since":        {Validators{}, []string{"If-Unmodified-Since: " + earlier}, 200},
		"nothing known: a range":                 {Validators{}, []string{"Range: bytes=0-1"}, 206},
		"nothing known: a range of the old date": {Validators{}, []string{"If-Range: Thu, 01 Jan 1970 00:00:00 GMT", "Range: bytes=0-1"}, 200},
		"a date: a tag and a date":               {dated, []string{`If-None-Match: "v1"`, "If-Modified-Since: " + later}, 200},
		"a date: a range of a tag":               {dated, []string{`If-Range: "v1"`, "Range: bytes=0-1"}, 200},
		"a tag: since":                           {tagged, []string{"If-Modified-Since: " + later}, 200},
		"a tag: a range of a date":               {tagged, []string{"If-Range: " + sameDate, "Range: bytes=0-1"}, 200},
		"a weak tag: the same":                   {weakly, []string{`If-None-Match: W/"v1"`}, 304},
		"a weak tag: a strong one":               {weakly, []string{`If-None-Match: "v1"`}, 304},
		"a weak tag never matches strongly":      {weakly, []string{`If-Match: W/"v1"`}, 412},
		"nor for a range":                        {weakly, []string{`If-Range: W/"v1"`, "Range: bytes=0-1"}, 200},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tt.status, Evaluate([]byte("GET"), fieldsOf(tt.lines...), tt.v, 10).Status)
		})
	}
}

func TestConditionsOfOtherMethods(t *testing.T) {
	v := Validators{[]byte(`"v1"`), modified.Unix()}
	for line, want := range map[string]int{
		`If-None-Match: "v1"`:            412,
		`If-Match: "v2"`:                 412,
		"If-Modified-Since: " + sameDate: 200,
		"Range: bytes=0-1":               200,
	} {
		assert.Equal(t, want, Evaluate([]byte("PUT"), fieldsOf(line), v, 10).Status, line)
	}
}

func TestEvaluateAllocatesForRangesOnly(t *testing.T) {
	v := Validators{[]byte(`"v1"`), modified.Unix()}
	method := []byte("GET")
	for name, lines := range map[string][]string{
		"nothing":             nil,
		"If-None-Match":       {`If-None-Match: "v2", W/"v1"`},
		"If-Modified-Since":   {"If-Modified-Since: " + sameDate},
		"an old form of date": {"If-Modified-Since: Sunday, 01-Mar-26 12:00:00 GMT"},
		"not satisfiable":     {"Range: bytes=100-"},
	} {
		fields := fieldsOf(lines...)
		assert.Zero(t, testing.AllocsPerRun(100, func() { Evaluate(method, fields, v, 10) }), name)
	}
}

func FuzzEvaluate(f *testing.F) {
	f.Add("If-None-Match", `"a", W/"v1"`, "Range", "bytes=0-1,-3", int64(10))
	f.Add("If-Range", `"v1"`, "Range", "bytes=5-,2-3", int64(10))
	f.Add("If-Match", "*", "If-Unmodified-Since", sameDate, int64(0))
	f.Fuzz(func(t *testing.T, name1, value1, name2, value2 string, size int64) {
		if size < 0 {
			return
		}
		fields := []python.Field{{Name: []byte(name1), Value: []byte(value1)}, {Name: []byte(name2), Value: []byte(value2)}}
		got := Evaluate([]byte("GET"), fields, Validators{[]byte(`"v1"`), modified.Unix()}, size)
		require.Contains(t, []int{200, 206, 304, 412, 416}, got.Status)
		require.Equal(t, got.Status == 206, len(got.Ranges) > 0)
		require.LessOrEqual(t, len(got.Ranges), MaxRanges)
		var total int64
		for _, r := range got.Ranges {
			require.Positive(t, r.Count)
			require.GreaterOrEqual(t, r.Offset, int64(0))
			require.LessOrEqual(t, r.Count, size-r.Offset)
			total += r.Count
		}
		require.LessOrEqual(t, total, size)
	})
}

func BenchmarkEvaluate(b *testing.B) {
	v := Validators{[]byte(`"66f0a1b2-18c4"`), modified.Unix()}
	browser := []string{"Connection: keep-alive", "User-Agent: Mozilla/5.0", "Accept: */*", "Referer: http://x/",
		"Accept-Encoding: gzip, deflate, br, zstd", "Accept-Language: en"}
	for name, lines := range map[string][]string{
		"nothing":    browser,
		"validation": append(browser[:len(browser):len(browser)], "If-Modified-Since: "+sameDate, `If-None-Match: "66f0a1b2-18c4"`),
		"since":      append(browser[:len(browser):len(browser)], "If-Modified-Since: "+sameDate),
		"range":      append(browser[:len(browser):len(browser)], "Range: bytes=100-"),
	} {
		fields := fieldsOf(lines...)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Evaluate([]byte("GET"), fields, v, 1000)
			}
		})
	}
}
