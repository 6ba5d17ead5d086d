package chunked

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/proxy/head"
)

// result is what a Decoder made of some bytes.
type result struct {
	body string
	used int
	done bool
	err  error
}

// decode gives raw to a new Decoder in pieces that end at cuts, and holds it to the contract of Next on the way.
func decode(t *testing.T, raw []byte, cuts ...int) (r result) {
	t.Helper()
	var d Decoder
	for _, end := range append(cuts, len(raw)) {
		for r.used < end && !r.done && r.err == nil {
			in := raw[r.used:end]
			data, n, done, err := d.Next(in)
			require.LessOrEqual(t, n, len(in))
			require.True(t, n > 0 || err != nil, "no progress at byte %d", r.used)
			require.True(t, done || err != nil || n == len(in) || len(data) > 0, "stopped at byte %d for nothing", r.used+n)
			require.LessOrEqual(t, len(data), n)
			r = result{r.body + string(data), r.used + n, done, err}
		}
	}
	if r.err != nil {
		r.body = "" // nobody wants it, and how much came before the error depends on the pieces
	}
	return r
}

// everyByte are the cuts that give a Decoder a byte at a time.
func everyByte(n int) []int {
	cuts := make([]int, n)
	for i := range cuts {
		cuts[i] = i
	}
	return cuts
}

// decodeAnyhow decodes raw whole, a byte at a time and in every two pieces, which must all come to the same.
func decodeAnyhow(t *testing.T, raw string) result {
	t.Helper()
	whole := decode(t, []byte(raw))
	require.Equal(t, whole, decode(t, []byte(raw), everyByte(len(raw))...), "a byte at a time")
	if len(raw) > 1000 {
		return whole // the square of it
	}
	for cut := range raw {
		require.Equal(t, whole, decode(t, []byte(raw), cut), "cut at %d", cut)
	}
	return whole
}

func TestMessages(t *testing.T) {
	long := strings.Repeat("x", 0x1aB)
	cases := map[string]struct{ raw, body string }{
		"one chunk":             {"5\r\nhello\r\n0\r\n\r\n", "hello"},
		"two chunks":            {"1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", "abc"},
		"no chunk":              {"0\r\n\r\n", ""},
		"last chunk of zeros":   {"1\r\na\r\n000000000000000\r\n\r\n", "a"},
		"leading zeros":         {"0005\r\nhello\r\n0\r\n\r\n", "hello"},
		"digits of both cases":  {"1aB\r\n" + long + "\r\n0\r\n\r\n", long},
		"data like framing":     {"7\r\n0\r\n\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n\r\n"},
		"data of any byte":      {"3\r\n\x00\xff\n\r\n0\r\n\r\n", "\x00\xff\n"},
		"extension name":        {"1;a\r\nx\r\n0;b\r\n\r\n", "x"},
		"extension value":       {"1;a=b\r\nx\r\n0\r\n\r\n", "x"},
		"several extensions":    {"1;a=b;c;d=\"e\";f\r\nx\r\n0\r\n\r\n", "x"},
		"quoted value":          {"1;a=\" \t;=,\x80\xff\"\r\nx\r\n0\r\n\r\n", "x"},
		"empty quoted value":    {"1;a=\"\"\r\nx\r\n0\r\n\r\n", "x"},
		"quoted pairs":          {"1;a=\"\\\"\\\\\\\t\\x\\\xff\"\r\nx\r\n0\r\n\r\n", "x"},
		"trailer":               {"1\r\nx\r\n0\r\nX-Sum: 1\r\n\r\n", "x"},
		"trailers":              {"0\r\nX-A:\r\nX-A: \t 1 \xff\t\r\nx:y:z\r\n\r\n", ""},
		"nearly a forbidden":    {"0\r\nHos: a\r\nHost-: a\r\nxHost: a\r\nContent-Lengt: 1\r\nContent_Length: 1\r\n\r\n", ""},
		"every byte of a token": {"0;!#$%&'*+-.^_`|~09azAZ=!#$%&'*+-.^_`|~09azAZ\r\n!#$%&'*+-.^_`|~09azAZ: a\r\n\r\n", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			want := result{body: c.body, used: len(c.raw), done: true}
			assert.Equal(t, want, decodeAnyhow(t, c.raw))
			assert.Equal(t, want, decodeAnyhow(t, c.raw+"GET / HTTP/1.1\r\n"), "with another request behind it")
			for end := range c.raw {
				r := decode(t, []byte(c.raw[:end]))
				require.NoError(t, r.err, "%q", c.raw[:end])
				require.False(t, r.done, "%q", c.raw[:end])
				require.True(t, strings.HasPrefix(c.body, r.body), "%q", r.body)
			}
		})
	}
}

// TestRefused has messages that are refused at their last byte: neither before, nor after more has been waited for.
func TestRefused(t *testing.T) {
	cases := map[string]struct {
		raw  string
		rule error
	}{
		"no size":                 {"\r", errSize},
		"extension without size":  {";", errSize},
		"space before the size":   {" ", errSize},
		"plus":                    {"+", errSize},
		"minus":                   {"-", errSize},
		"0x":                      {"0x", errSize},
		"underscore":              {"1_", errSize},
		"no hexadecimal digit":    {"g", errSize},
		"digit beyond ASCII":      {"\xd9", errSize},
		"NUL":                     {"1\x00", errSize},
		"empty line before":       {"\r", errSize},
		"empty line between":      {"1\r\na\r\n\r", errSize},
		"space after the size":    {"1 ", errSize},
		"tab after the size":      {"1\t", errSize},
		"sixteen digits":          {strings.Repeat("f", 16), errSizeLong},
		"sixteen zeros":           {strings.Repeat("0", 16), errSizeLong},
		"size ends with LF":       {"1\n", errLineEnd},
		"size ends with CR":       {"1\ra", errLineEnd},
		"CR CR LF":                {"1\r\r", errLineEnd},
		"chunk too long":          {"1\r\nab", errChunkEnd},
		"chunk ends with LF":      {"1\r\na\n", errChunkEnd},
		"chunk ends with CR":      {"1\r\na\r1", errChunkEnd},
		"chunk of none":           {"0\r\na:\r\n1\r", errTrailerName},
		"extension without name":  {"1;\r", errExtension},
		"two semicolons":          {"1;;", errExtension},
		"name no token":           {"1;a(", errExtension},
		"name quoted":             {"1;\"", errExtension},
		"name beyond ASCII":       {"1;\xe9", errExtension},
		"white space before name": {"1; ", errExtension},
		"white space after name":  {"1;a ", errExtension},
		"white space after =":     {"1;a= ", errExtension},
		"white space after value": {"1;a=b ", errExtension},
		"no value":                {"1;a=\r", errExtension},
		"no value, another":       {"1;a=;", errExtension},
		"two values":              {"1;a=b=", errExtension},
		"quotes and more":         {"1;a=\"b\"c", errExtension},
		"quotes in a token":       {"1;a=b\"", errExtension},
		"LF in a name":            {"1;a\n", errLineEnd},
		"LF for a name":           {"1;\n", errLineEnd},
		"LF in a value":           {"1;a=b\n", errLineEnd},
		"LF in quotes":            {"1;a=\"\n", errLineEnd},
		"CR LF in quotes":         {"1;a=\"\r", errExtension},
		"LF escaped":              {"1;a=\"\\\n", errLineEnd},
		"CR escaped":              {"1;a=\"\\\r", errExtension},
		"LF after quotes":         {"1;a=\"b\"\n", errLineEnd},
		"CR in an extension":      {"1;a\rb", errLineEnd},
		"NUL in quotes":           {"1;a=\"\x00", errExtension},
		"DEL in quotes":           {"1;a=\"\x7f", errExtension},
		"control escaped":         {"1;a=\"\\\x01", errExtension},
		"trailer ends with LF":    {"0\r\na: b\n", errLineEnd},
		"message ends with LF":    {"0\r\n\n", errLineEnd},
		"message ends with CR":    {"0\r\n\rG", errLineEnd},
		"bare CR in a trailer":    {"0\r\na: b\rc", errLineEnd},
		"folded trailer":          {"0\r\na: b\r\n ", errFolded},
		"folded first trailer":    {"0\r\n\t", errFolded},
		"trailer without a name":  {"0\r\n:", errTrailerName},
		"trailer without a colon": {"0\r\nab\r", errTrailerName},
		"space before colon":      {"0\r\na ", errTrailerName},
		"request for a trailer":   {"0\r\nGET ", errTrailerName},
		"name of a trailer":       {"0\r\n\xe9", errTrailerName},
		"NUL in a trailer":        {"0\r\na: \x00", errTrailerValue},
		"DEL in a trailer":        {"0\r\na: \x7f", errTrailerValue},
		"VT in a trailer":         {"0\r\na: \x0b", errTrailerValue},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { assertRefused(t, c.raw, c.rule) })
	}
}

func assertRefused(t *testing.T, raw string, rule error) {
	t.Helper()
	before := decode(t, []byte(raw[:len(raw)-1]))
	require.NoError(t, before.err, "too early")
	require.False(t, before.done)
	r := decodeAnyhow(t, raw+"\r\n0\r\n\r\n")
	require.Equal(t, rule, r.err)
	assert.Equal(t, len(raw)-1, r.used, "where it went wrong")
	var refusal *head.Refusal
	require.ErrorAs(t, r.err, &refusal)
}

func TestForbiddenTrailers(t *testing.T) {
	for _, name := range forbidden {
		for _, spelling := range []string{name, strings.ToUpper(name), strings.ToUpper(name[:1]) + name[1:]} {
			assertRefused(t, "0\r\nX-Sum: 1\r\n"+spelling+":", errTrailerField)
			assert.True(t, decode(t, []byte("0\r\n"+spelling+"x: 1\r\n\r\n")).done, "%sx", spelling)
			assert.True(t, decode(t, []byte("0\r\nx"+spelling+": 1\r\n\r\n")).done, "x%s", spelling)
		}
	}
	assert.LessOrEqual(t, len(forbidden), 32, "the bits of Decoder.names")
}

// TestBounds has messages that keep a bound exactly, and one byte more, at which they are refused.
func TestBounds(t *testing.T) {
	extension := func(n int) string { return ";" + strings.Repeat("a", n-1) }
	extensions := strings.Repeat("1"+extension(maxExtension)+"\r\nx\r\n", maxExtensions/maxExtension)
	line := func(n int) string { return "a:" + strings.Repeat(" ", n-4) + "\r\n" }
	fields := strings.Repeat("a:\r\n", maxTrailerFields)
	cases := map[string]struct {
		within string
		beyond string
		rule   error
	}{
		"digits":           {"000000000000001\r\nx\r\n0\r\n\r\n", "0000000000000010", errSizeLong},
		"extension":        {"0" + extension(maxExtension) + "\r\n\r\n", "0" + extension(maxExtension+1), errExtensionLong},
		"many in a chunk":  {"0" + strings.Repeat(";a", maxExtension/2) + "\r\n\r\n", "0" + strings.Repeat(";a", maxExtension/2) + ";", errExtensionLong},
		"extensions":       {extensions + "0\r\n\r\n", extensions + "0;", errExtensionsLong},
		"trailer section":  {"0\r\n" + line(maxTrailer-2) + "\r\n", "0\r\n" + line(maxTrailer-1) + "\r\n", errTrailerLong},
		"endless trailer":  {"0\r\n\r\n", "0\r\n" + strings.Repeat("a", maxTrailer+1), errTrailerLong},
		"lines in trailer": {"0\r\n" + fields + "\r\n", "0\r\n" + fields + "a", errTrailerMany},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := decode(t, []byte(c.within))
			require.NoError(t, r.err)
			require.True(t, r.done)
			assertRefused(t, c.beyond, c.rule)
		})
	}
}

// A byte a chunk is nobody's fault: framing is bounded by the body, and only by that.
func TestChunksOfOneByte(t *testing.T) {
	const n = 10_000
	r := decode(t, []byte(strings.Repeat("000000000000001\r\nx\r\n", n)+"0\r\n\r\n"))
	require.NoError(t, r.err)
	assert.True(t, r.done)
	assert.Equal(t, strings.Repeat("x", n), r.body)
}

func TestLeftIsWhatAChunkAnnounces(t *testing.T) {
	var d Decoder
	for _, step := range []struct {
		in   string
		left int64
	}{
		{"fffffffffffffff", 0},
		{"\r", 0},
		{"\n", 1<<60 - 1},
		{"abc", 1<<60 - 4},
	} {
		_, n, done, err := d.Next([]byte(step.in))
		require.NoError(t, err)
		require.False(t, done)
		require.Equal(t, len(step.in), n)
		assert.Equal(t, step.left, d.Left(), "after %q", step.in)
	}
	d = Decoder{}
	_, _, _, err := d.Next([]byte("5;a\r\nhello\r\n7"))
	require.NoError(t, err)
	assert.Zero(t, d.Left(), "a size that is not whole")
}

func TestDataCannotGrowIntoWhatFollows(t *testing.T) {
	in := []byte("1\r\na\r\n1\r\nb\r\n0\r\n\r\n")
	var d Decoder
	data, _, _, err := d.Next(in)
	require.NoError(t, err)
	_ = append(data, "xxxx"...)
	assert.Equal(t, "1\r\na\r\n1\r\nb\r\n0\r\n\r\n", string(in))
}

func TestGather(t *testing.T) {
	const message = "1\r\na\r\n2;x\r\nbc\r\n0\r\nX-Sum: 1\r\n\r\n"
	for cut := range message {
		in := []byte(message + "GET")
		var d Decoder
		first, n, done, err := d.Gather(in[:cut])
		require.NoError(t, err)
		require.Equal(t, cut, n)
		require.False(t, done)
		body := string(first)
		second, n, done, err := d.Gather(in[cut:])
		require.NoError(t, err)
		require.Equal(t, len(message)-cut, n)
		require.True(t, done)
		assert.Equal(t, "abc", body+string(second), "cut at %d", cut)
		assert.Equal(t, "GET", string(in[len(message):]), "what follows is not the message's")
	}
	var d Decoder
	data, n, done, err := d.Gather([]byte("1\r\na\r\nx"))
	assert.Equal(t, errSize, err)
	assert.Equal(t, 6, n)
	assert.False(t, done)
	assert.Empty(t, data)
	data, n, done, err = (&Decoder{state: over}).Gather(nil)
	require.NoError(t, err)
	assert.Zero(t, n)
	assert.True(t, done)
	assert.Empty(t, data)
}

func TestAfterTheEnd(t *testing.T) {
	var d Decoder
	_, n, done, err := d.Next([]byte("0\r\n\r\nGET"))
	require.NoError(t, err)
	require.True(t, done)
	require.Equal(t, 5, n)
	data, n, done, err := d.Next([]byte("1\r\na"))
	require.NoError(t, err)
	assert.True(t, done, "still over")
	assert.Zero(t, n)
	assert.Empty(t, data)

	d = Decoder{}
	data, n, done, err = d.Next(nil)
	require.NoError(t, err)
	assert.False(t, done, "used again")
	assert.Zero(t, n)
	assert.Empty(t, data)
}

func TestAfterARefusal(t *testing.T) {
	var d Decoder
	_, _, _, err := d.Next([]byte("x"))
	require.Equal(t, errSize, err)
	_, n, done, err := d.Next([]byte("1\r\na\r\n0\r\n\r\n"))
	assert.Equal(t, errRefused, err)
	assert.False(t, done)
	assert.Zero(t, n)
}

func TestNextAllocatesNothing(t *testing.T) {
	good := []byte("5;a=\"b\"\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n")
	bad := []byte("5;\n")
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		var d, e Decoder
		_, _, done, err := d.Next(good)
		_, _, _, refusal := e.Gather(bad)
		if !done || err != nil || refusal == nil {
			t.Fatal("not decoded")
		}
	}))
}

// BenchmarkNext says what a byte of body costs in the least and the most favourable framing.
func BenchmarkNext(b *testing.B) {
	for name, chunk := range map[string]string{
		"1":     "1\r\nx\r\n",
		"16":    "10\r\n0123456789abcdef\r\n",
		"16384": "4000\r\n" + strings.Repeat("x", 0x4000) + "\r\n",
	} {
		b.Run(name, func(b *testing.B) {
			in := bytes.Repeat([]byte(chunk), max(1, (64<<10)/len(chunk)))
			b.SetBytes(int64(len(in)))
			for b.Loop() {
				var d Decoder
				for rest := in; len(rest) > 0; {
					_, n, _, err := d.Next(rest)
					if err != nil {
						b.Fatal(err)
					}
					rest = rest[n:]
				}
			}
		})
	}
}
