package mediatype

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"forebay/python"
)

func accepts(values ...string) []python.Field {
	fields := []python.Field{{Name: []byte("Accept-Encoding"), Value: []byte("application/json")}}
	for _, value := range values {
		fields = append(fields, python.Field{Name: []byte("ACCEPT"), Value: []byte(value)})
	}
	return fields
}

// RFC 9110, section 12.5.1.
func TestWhoWantsJSON(t *testing.T) {
	for accept, want := range map[string]bool{
		"": false, "*/*": false, "text/html, application/json": false, "application/json;q=0": false, "application/json;q=0.1, text/*": false,
		"text/plain": false, "application/json;q=x": false, "application/xml, */*;q=0.1": false, "application/jsonx": false,
		"application/json": true, "APPLICATION/JSON": true, "application/*": true, "application/json, text/html;q=0.1": true,
		"application/json, text/plain, */*": true, "text/html;q=0, */*": true, "application/json;v=1;q=0.5, text/html; q=0.4": true,
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": false, // browsers
	} {
		assert.Equal(t, want, WantsJSON(accepts(accept)), accept)
	}
	assert.False(t, WantsJSON(accepts()))
	assert.True(t, WantsJSON(accepts("text/html;q=0.5", "application/json")), "of two fields")
}

func TestToReadWhatIsWantedAllocatesNothing(t *testing.T) {
	fields := accepts("text/html;q=0.5, application/json;v=1;q=0.5", "*/*;q=0.1")
	assert.Zero(t, testing.AllocsPerRun(100, func() { WantsJSON(fields) }))
}

// FuzzWantsJSON also holds that elements that say nothing change nothing.
func FuzzWantsJSON(f *testing.F) {
	for _, accept := range []string{"", "*/*", "application/json", "text/html;q=0.5, */*", ";q=,,/;q", "application/*;q=1.000;q=0"} {
		f.Add(accept)
	}
	f.Fuzz(func(t *testing.T, accept string) {
		assert.Equal(t, WantsJSON(accepts(accept)), WantsJSON(accepts("", accept, ",")))
	})
}
