// Package reporttest is for tests of what benchmarks report.
package reporttest

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/bench/report"
)

// Page is the page of Markdown that findings make, with all that must stand in it. Its tables have in each line as many
// cells as columns.
func Page(t *testing.T, found report.Findings, wants ...string) string {
	t.Helper()
	page := &bytes.Buffer{}
	found.WriteMarkdown(page)
	for _, want := range wants {
		assert.Contains(t, page.String(), want)
	}
	columns := 0
	for line := range strings.Lines(page.String()) {
		switch cells := strings.Count(line, "|"); {
		case !strings.HasPrefix(line, "|"):
			columns = 0
		case columns == 0:
			columns = cells
		default:
			assert.Equal(t, columns, cells, line)
		}
	}
	return page.String()
}

// Again are findings that were written as JSON and read again.
func Again[F any](t *testing.T, found *F) *F {
	t.Helper()
	text, err := json.Marshal(found)
	require.NoError(t, err)
	again := new(F)
	require.NoError(t, json.Unmarshal(text, again))
	return again
}
