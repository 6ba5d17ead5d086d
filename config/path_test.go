package config

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMatchPath(t *testing.T) {
	paths := []Path{{Prefix: "/report"}, {Prefix: "/report/archive/"}, {Prefix: "/a"}, {Prefix: "/a/b"}, {Prefix: "/größe"}, {Prefix: ""}}
	cases := map[string]struct {
		path string
		want int
	}{
		"the prefix itself":           {"/report", 0},
		"below it":                    {"/report/2024/5", 0},
		"its slash alone":             {"/report/", 0},
		"a longer segment":            {"/reports", NoPath},
		"a shorter one":               {"/repor", NoPath},
		"another case":                {"/Report", NoPath},
		"two slashes":                 {"//report", NoPath},
		"the longest wins":            {"/report/archive/x", 1},
		"a slash at its end is asked": {"/report/archive", 0},
		"with it, only what is below": {"/report/archive/", 1},
		"the longest, whatever order": {"/a/b/c", 3},
		"a segment that begins alike": {"/a/bc", 2},
		"bytes of UTF-8":              {"/größe/1", 4},
		"nothing in common":           {"/", NoPath},
		"no path":                     {"", NoPath},
		"OPTIONS of the server":       {"*", NoPath},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, MatchPath(paths, []byte(c.path))) })
	}
}

func TestTheRootFitsWhatNothingElseFits(t *testing.T) {
	paths := []Path{{Prefix: "/"}, {Prefix: "/x"}}
	assert.Equal(t, 0, MatchPath(paths, []byte("/")))
	assert.Equal(t, 0, MatchPath(paths, []byte("/y")))
	assert.Equal(t, 1, MatchPath(paths, []byte("/x/y")))
	assert.Equal(t, NoPath, MatchPath(nil, []byte("/")))
}

func TestMatchPathAllocatesNothing(t *testing.T) {
	paths, path := manyPaths(20), []byte("/part-19/of/the/site")
	assert.Zero(t, testing.AllocsPerRun(100, func() { MatchPath(paths, path) }))
}

func BenchmarkMatchPath(b *testing.B) {
	path := []byte("/part-1/of/the/site")
	for _, n := range []int{0, 2, 20} {
		paths := manyPaths(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				MatchPath(paths, path)
			}
		})
	}
}

func manyPaths(n int) []Path {
	paths := make([]Path, n)
	for i := range paths {
		paths[i].Prefix = fmt.Sprintf("/part-%d/of", i)
	}
	return paths
}
