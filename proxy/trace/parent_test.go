package trace

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// known is the example of the recommendation.
const known = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

func TestReadParent(t *testing.T) {
	parent := Parent{
		Trace: ID{0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6, 0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36},
		Span:  SpanID{0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7}, Flags: FlagSampled,
	}
	with := func(flags Flags) Parent { return Parent{parent.Trace, parent.Span, flags} }
	const ids = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"
	cases := map[string]struct {
		value string
		want  Parent // zero: not valid
	}{
		"the example":                  {known, parent},
		"not sampled":                  {"00-" + ids + "-00", with(0)},
		"a random id":                  {"00-" + ids + "-03", with(FlagSampled | FlagRandom)},
		"flags nobody knows":           {"00-" + ids + "-fc", with(0)},
		"a later version":              {"01-" + ids + "-01", parent},
		"a later version that is more": {"cc-" + ids + "-01-what-else", parent},
		"more without a dash":          {"cc-" + ids + "-01what", Parent{}},
		"version 00 with more":         {known + "-x", Parent{}},
		"version 00 with a dash":       {known + "-", Parent{}},
		"version ff":                   {"ff-" + ids + "-01", Parent{}},
		"upper case":                   {strings.ToUpper(known), Parent{}},
		"an upper-case flag":           {"00-" + ids + "-0A", Parent{}},
		"an upper-case version":        {"0A-" + ids + "-01", Parent{}},
		"no trace":                     {"00-00000000000000000000000000000000-00f067aa0ba902b7-01", Parent{}},
		"no span":                      {"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", Parent{}},
		"a letter beyond f":            {"00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01", Parent{}},
		"other separators":             {strings.ReplaceAll(known, "-", "_"), Parent{}},
		"no version":                   {"-" + ids + "-01", Parent{}},
		"shorter":                      {known[:ParentLen-1], Parent{}},
		"two":                          {known + ", " + known, Parent{}},
		"nothing":                      {"", Parent{}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, ok := ReadParent([]byte(c.value))
			assert.Equal(t, c.want, got)
			assert.Equal(t, c.want != Parent{}, ok)
		})
	}
}

func TestAParentIsWrittenAsItWasRead(t *testing.T) {
	parent, ok := ReadParent([]byte(known))
	require.True(t, ok)
	assert.Equal(t, "got "+known, string(parent.Append([]byte("got "))))
	assert.Equal(t, "4bf92f3577b34da6a3ce929d0e0e4736", string(IDIn([]byte(known))))
}

// FuzzReadParent holds that what is read is written as it was, but for a later version and flags that nobody knows.
func FuzzReadParent(f *testing.F) {
	f.Add(known)
	f.Add("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff-more")
	f.Add("")
	f.Fuzz(func(t *testing.T, value string) {
		parent, ok := ReadParent([]byte(value))
		if !ok {
			require.Zero(t, parent)
			return
		}
		require.NotZero(t, parent.Trace)
		require.NotZero(t, parent.Span)
		require.Equal(t, value[2:flagsAt], string(parent.Append(nil)[2:flagsAt]))
		again, ok := ReadParent(parent.Append(nil))
		require.True(t, ok)
		require.Equal(t, parent, again)
	})
}

func BenchmarkReadParent(b *testing.B) {
	b.ReportAllocs()
	value := []byte(known)
	for b.Loop() {
		if _, ok := ReadParent(value); !ok {
			b.Fatal("it is valid")
		}
	}
}
