package coding

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/python"
)

func accept(lines ...string) Accepted {
	fields := []python.Field{{Name: []byte("Accept"), Value: []byte("br")}}
	for _, line := range lines {
		fields = append(fields, python.Field{Name: []byte("Accept-Encoding"), Value: []byte(line)})
	}
	return Accept(fields)
}

func TestAccept(t *testing.T) {
	tests := map[string]struct {
		lines []string
		want  Accepted // identity, gzip, zstd, br
	}{
		"nothing said":             {nil, Accepted{1, 0, 0, 0}},
		"an empty field":           {[]string{""}, Accepted{1, 0, 0, 0}},
		"a browser":                {[]string{"gzip, deflate, br, zstd"}, Accepted{1, 1000, 1000, 1000}},
		"weights":                  {[]string{"gzip;q=0.5, br ; q=1.0,zstd;Q=0.125, identity;q=0.25"}, Accepted{250, 500, 125, 1000}},
		"in another case":          {[]string{"GZip"}, Accepted{1, 1000, 0, 0}},
		"the old name":             {[]string{"x-gzip"}, Accepted{1, 1000, 0, 0}},
		"two fields":               {[]string{"gzip", "br"}, Accepted{1, 1000, 0, 1000}},
		"not gzip":                 {[]string{"gzip;q=0, br;q=0.000"}, Accepted{1, 0, 0, 0}},
		"anything":                 {[]string{"*"}, Accepted{1, 1000, 1000, 1000}},
		"anything else a bit":      {[]string{"gzip, *;q=0.1"}, Accepted{1, 1000, 100, 100}},
		"nothing but gzip":         {[]string{"gzip, *;q=0"}, Accepted{0, 1000, 0, 0}},
		"not as it is":             {[]string{"gzip, identity;q=0"}, Accepted{0, 1000, 0, 0}},
		"only as it is":            {[]string{"identity"}, Accepted{1000, 0, 0, 0}},
		"only as it is, otherwise": {[]string{"identity, *;q=0"}, Accepted{1000, 0, 0, 0}},
		"a name inside of another": {[]string{"gzipped, xgzip, br0"}, Accepted{1, 0, 0, 0}},
		"empty elements":           {[]string{" , gzip,, "}, Accepted{1, 1000, 0, 0}},
		"a weight that is none":    {[]string{"gzip;q=x, br;q=, zstd;level=3"}, Accepted{1, 0, 0, 0}},
		"too many digits":          {[]string{"gzip;q=0.1234, br;q=01"}, Accepted{1, 0, 0, 0}},
		"more than one":            {[]string{"gzip;q=1.5, br;q=2"}, Accepted{1, 1000, 0, 0}},
		"a point without digits":   {[]string{"gzip;q=1., br;q=0."}, Accepted{1, 1000, 0, 0}},
		"a minus":                  {[]string{"gzip;q=-1"}, Accepted{1, 0, 0, 0}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { assert.Equal(t, tt.want, accept(tt.lines...)) })
	}
}

func TestBest(t *testing.T) {
	all := func(Coding) bool { return true }
	none := func(Coding) bool { return false }
	gzip := func(c Coding) bool { return c == Gzip }
	tests := map[string]struct {
		accepted string
		has      func(Coding) bool
		want     Coding
	}{
		"the smallest of equals":      {"gzip, zstd, br", all, Brotli},
		"what there is":               {"gzip, zstd, br", gzip, Gzip},
		"the heavier":                 {"gzip, zstd;q=0.9, br;q=0.8", all, Gzip},
		"as it is, where preferred":   {"gzip;q=0.5, identity", all, Identity},
		"of equals not as it is":      {"gzip;q=0.5, identity;q=0.4", all, Gzip},
		"nothing that there is":       {"gzip", none, Identity},
		"nothing that is taken":       {"identity;q=0", all, Identity},
		"nothing said":                {"", all, Identity},
		"a weight of next to nothing": {"gzip;q=0.002", all, Gzip},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { assert.Equal(t, tt.want, accept(tt.accepted).Best(tt.has)) })
	}
}

func TestQuickest(t *testing.T) {
	for accepted, want := range map[string]Coding{
		"gzip, deflate, br, zstd": Gzip, "gzip;q=0.5, zstd": Zstd, "zstd": Zstd, "br": Identity, "": Identity, "*": Gzip,
		"gzip;q=0.5, identity": Identity, "gzip;q=0": Identity,
	} {
		assert.Equal(t, want, accept(accepted).Quickest(), accepted)
	}
}

func TestNames(t *testing.T) {
	for c, want := range map[Coding][2]string{
		Identity: {"identity", ""}, Gzip: {"gzip", ".gz"}, Zstd: {"zstd", ".zst"}, Brotli: {"br", ".br"},
	} {
		assert.Equal(t, want, [2]string{c.String(), c.Ending()})
	}
}

func TestAcceptAllocatesNothing(t *testing.T) {
	fields := []python.Field{{Name: []byte("Accept-Encoding"), Value: []byte("gzip;q=0.5, deflate, br, zstd")}}
	assert.Zero(t, testing.AllocsPerRun(100, func() { Accept(fields) }))
}

func FuzzAccept(f *testing.F) {
	f.Add("gzip;q=0.5, br ; q=1.0,*;q=0")
	f.Fuzz(func(t *testing.T, value string) {
		for _, weight := range accept(value) {
			require.LessOrEqual(t, weight, uint16(1000))
		}
	})
}

func BenchmarkAccept(b *testing.B) {
	fields := []python.Field{{Name: []byte("Accept-Encoding"), Value: []byte("gzip, deflate, br, zstd")}}
	b.ReportAllocs()
	for b.Loop() {
		Accept(fields)
	}
}
