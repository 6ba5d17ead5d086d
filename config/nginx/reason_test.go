package nginx

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestEachDirectiveHasOneReason(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range reasonTable {
		assert.NotEmpty(t, r.text)
		for name := range strings.FieldsSeq(r.names) {
			assert.False(t, seen[name], "%s has two", name)
			seen[name] = true
		}
	}
}
