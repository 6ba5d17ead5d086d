package page_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"forebay/proxy/admin/page"
)

func TestThePageHoldsAllItNeeds(t *testing.T) {
	html, header := string(page.HTML()), page.Header()
	assert.NotContains(t, html, "{{", "a place was not filled")
	assert.NotRegexp(t, `(?:src|href)="(?:https?:)?//`, html, "it asks another host")
	assert.NotContains(t, html, "innerHTML")
	policy := header["Content-Security-Policy"]
	assert.Contains(t, policy, "default-src 'none'")
	assert.Contains(t, policy, "connect-src 'self'")
	assert.NotContains(t, policy, "unsafe")
	assert.Less(t, len(html), 128<<10, "the page has grown large")

	header["Content-Security-Policy"] = ""
	assert.Equal(t, policy, page.Header()["Content-Security-Policy"], "the map is the caller's own")
}
