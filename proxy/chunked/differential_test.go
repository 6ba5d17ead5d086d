package chunked

import (
	"bufio"
	"bytes"
	"io"
	"math/rand/v2"
	"net/http/httputil"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The grammar of RFC 9112, section 7.1, without the white space that it calls bad.
const (
	name   = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+"
	quoted = `"(?:[\t !#-\[\]-~]|\\[\t -~])*"`
)

var (
	sizeLine    = regexp.MustCompile(`^([0-9A-Fa-f]{1,15})((?:;` + name + `(?:=(?:` + name + `|` + quoted + `))?)*)\r\n`)
	trailerLine = regexp.MustCompile(`^(` + name + `):[\t -~]*\r\n`)
)

// byGrammar decodes a message by the grammar: its body and its length, or ok is false if raw does not begin with a whole one.
func byGrammar(raw []byte) (body []byte, used int, ok bool) {
	text := plain(raw)
	at, extensions := 0, 0
	for {
		line := sizeLine.FindSubmatch(text[at:])
		if line == nil {
			return nil, 0, false
		}
		at += len(line[0])
		extensions += len(line[2])
		if len(line[2]) > maxExtension || extensions > maxExtensions {
			return nil, 0, false
		}
		size, err := strconv.ParseInt(string(line[1]), 16, 64)
		if err != nil || size == 0 {
			break
		}
		end := at + int(size)
		if int64(len(text)-at) < size+2 || string(text[end:end+2]) != "\r\n" {
			return nil, 0, false
		}
		body = append(body, raw[at:end]...)
		at = end + 2
	}
	n, ok := trailerByGrammar(text[at:])
	return body, at + n, ok
}

// plain is raw with a byte of ASCII for those beyond: the parenthesis may stand where they may, and is as long as they are.
func plain(raw []byte) []byte {
	text := slices.Clone(raw)
	for i, c := range text {
		if c >= 0x80 {
			text[i] = '('
		}
	}
	return text
}

func trailerByGrammar(text []byte) (n int, ok bool) {
	for fields := 0; ; fields++ {
		if bytes.HasPrefix(text[n:], []byte("\r\n")) {
			n += 2
			return n, n <= maxTrailer && fields <= maxTrailerFields
		}
		line := trailerLine.FindSubmatch(text[n:])
		if line == nil || slices.Contains(forbidden[:], strings.ToLower(string(line[1]))) {
			return 0, false
		}
		n += len(line[0])
	}
}

// byNetHTTP decodes with net/http's reader, which ends with the line of the last chunk: used does not count the trailer
// section.
func byNetHTTP(raw []byte) (body []byte, used int, err error) {
	in := bytes.NewReader(raw)
	buffered := bufio.NewReaderSize(in, len(raw)+16)
	body, err = io.ReadAll(httputil.NewChunkedReader(buffered))
	return body, len(raw) - in.Len() - buffered.Buffered(), err
}

// differences explains, by the rule that is broken, what net/http reads and a Decoder refuses. It is never the other way
// round. is says whether that is what happens at raw[at], where net/http's message ends at end.
var differences = map[error]struct {
	why string
	is  func(raw []byte, at, end int) bool
}{
	errSize: {
		"white space before the end of a chunk's line: net/http takes it away",
		func(raw []byte, at, end int) bool { return at < end && (raw[at] == ' ' || raw[at] == '\t') },
	},
	errSizeLong: {
		"a size of 16 digits: net/http reads 64 bits",
		func(raw []byte, at, end int) bool {
			return at < end && strings.Trim(string(raw[at-maxDigits:at+1]), hexDigits) == ""
		},
	},
	errExtension: {
		"an extension: net/http cuts the line at the first semicolon and does not look at what follows",
		inExtensions,
	},
	errExtensionLong:  {"a long extension: net/http bounds the line, to 4096 bytes", inExtensions},
	errExtensionsLong: {"many extensions: net/http bounds what is not body, to 16 KiB and twice the body", inExtensions},
	errLineEnd:        {leftToCaller, inTrailerSection},
	errFolded:         {leftToCaller, inTrailerSection},
	errTrailerName:    {leftToCaller, inTrailerSection},
	errTrailerValue:   {leftToCaller, inTrailerSection},
	errTrailerField:   {leftToCaller, inTrailerSection},
	errTrailerMany:    {leftToCaller, inTrailerSection},
	errTrailerLong:    {leftToCaller, inTrailerSection},
}

const (
	leftToCaller = "the trailer section: net/http's reader leaves it to its caller"
	hexDigits    = "0123456789abcdefABCDEF"
)

func inTrailerSection(_ []byte, at, end int) bool { return at >= end }

func inExtensions(raw []byte, at, end int) bool {
	line := raw[bytes.LastIndexByte(raw[:at], '\n')+1 : at+1]
	return at < end && bytes.IndexByte(line, ';') > 0
}

// compare decodes raw in every way there is and demands that they agree, or that the difference is explained. It returns
// the difference, or "".
func compare(t *testing.T, raw []byte, cuts ...int) (why string) {
	t.Helper()
	ours := decode(t, raw, cuts...)
	require.Equal(t, ours, decode(t, raw), "in pieces and whole")

	body, used, ok := byGrammar(raw)
	require.Equal(t, ok, ours.done, "the grammar, and the decoder with error %v", ours.err)
	if ok {
		require.Equal(t, result{string(body), used, true, nil}, ours, "the grammar")
	}

	body, end, err := byNetHTTP(raw)
	switch {
	case ours.err != nil && err == nil:
		difference := differences[ours.err]
		require.NotNil(t, difference.is, "net/http reads it to byte %d; refused at %d: %v", end, ours.used, ours.err)
		require.True(t, difference.is(raw, ours.used, end), "at byte %d of %d it is not %q", ours.used, end, difference.why)
		return difference.why
	case ours.err != nil:
	case err == nil:
		require.Equal(t, string(body), ours.body)
		require.LessOrEqual(t, end, ours.used)
	default: // we wait for more, and so must they
		require.False(t, ours.done, "net/http refuses it: %v", err)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.Equal(t, string(body), ours.body)
	}
	return ""
}

// messages are where mutation and fuzzing begin: most are whole, and some at a bound.
var messages = []string{
	"5\r\nhello\r\n0\r\n\r\n",
	"0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
	"000000000000001\r\nx\r\n00\r\n\r\n",
	"fffffffffffffff\r\nx",
	"1;a=b;c;d=\"e \\\"\xff\"\r\nx\r\n2;f\r\n\r\n\r\n0;g=\"\"\r\n\r\n",
	"1\r\nx\r\n0\r\nX-Sum: \t1 \xe9\r\nx-y:\r\n\r\n0\r\n\r\n",
	"a\r\n0\r\n\r\n0\r\n\r\n\r\n0\r\nA: b\r\n\r\n",
	"1;" + strings.Repeat("a", maxExtension-1) + "\r\nx\r\n0\r\n\r\n",
	strings.Repeat("1;"+strings.Repeat("a", maxExtension-1)+"\r\nx\r\n", maxExtensions/maxExtension) + "0;a\r\n\r\n",
	"0\r\n" + strings.Repeat("a:\r\n", maxTrailerFields) + "\r\n",
	"0\r\na:" + strings.Repeat("b", maxTrailer-6) + "\r\n\r\n",
}

// pieces are what mutation puts in: all that has been used against servers, and what the grammar is made of.
var pieces = []string{
	"\r", "\n", "\r\n", "\n\r", "\r\r\n", " ", "\t", "\x00", "\x0b", "\x7f", "\x80", "\xff", "0", "1", "5", "a", "F", "g",
	"0x", "+", "-", "_", ";", ";a", ";a=", ";a=b", ";\n", "=", "\"", "\\", ":", ",", "(", "Host", "host:", "Content-Length: 1\r\n",
	"transfer-encoding:chunked\r\n", "X: y\r\n", "X : y\r\n", " folded\r\n", "0\r\n", "0\r\n\r\n", "1\r\nx\r\n", "fffffffffffffff0", "0000000000000000",
}

// TestMutations compares messages with a few faults in them. Each explained difference must come up: one that does not is
// none.
func TestMutations(t *testing.T) {
	random := rand.New(rand.NewPCG(9112, 71)) //nolint:gosec // a test that can be repeated
	seen := map[string]int{}
	for range 3_000 {
		raw := []byte(messages[random.IntN(len(messages))])
		for range 1 + random.IntN(3) {
			raw = mutate(random, raw)
		}
		seen[compare(t, raw, random.IntN(len(raw)+1))]++
		require.False(t, t.Failed(), "%q", raw)
	}
	for _, difference := range differences {
		assert.NotZero(t, seen[difference.why], difference.why)
	}
}

// mutate replaces up to three bytes of raw, often in its beginning or its end, by a piece or by nothing.
func mutate(random *rand.Rand, raw []byte) []byte {
	at := random.IntN(len(raw) + 1)
	switch random.IntN(4) {
	case 0:
		at = min(len(raw), random.IntN(12))
	case 1:
		at = max(0, len(raw)-random.IntN(12))
	}
	end := min(len(raw), at+random.IntN(4))
	piece := ""
	if random.IntN(4) > 0 {
		piece = pieces[random.IntN(len(pieces))]
	}
	return slices.Concat(raw[:at], []byte(piece), raw[end:])
}

// FuzzDecoder holds a Decoder to the grammar, to net/http but for what is explained, and to the same answer in any pieces.
func FuzzDecoder(f *testing.F) {
	for i, message := range messages {
		f.Add([]byte(message), uint16(i), uint16(2*i))
	}
	for _, piece := range pieces {
		f.Add([]byte("1"+piece+"\r\nx\r\n0"+piece+"\r\n\r\n"), uint16(1), uint16(1))
		f.Add([]byte("0\r\n"+piece+"\r\n\r\n"), uint16(1), uint16(4))
	}
	f.Fuzz(func(t *testing.T, raw []byte, first, second uint16) {
		a, b := min(int(first), len(raw)), min(int(second), len(raw))
		compare(t, raw, min(a, b), max(a, b))
		require.Equal(t, decode(t, raw), decode(t, raw, everyByte(len(raw))...), "a byte at a time")
	})
}
