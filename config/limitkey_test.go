package config

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func keyOf(parts ...KeyPart) LimitKey { return LimitKey{parts} }

func TestLimitKeys(t *testing.T) {
	address := KeySource{Kind: KeyAddress}
	checkReadings(t, keyKind, map[string]reading{
		"the address": {text: "address", want: keyOf(KeyPart{address}), shown: "address"},
		"all":         {text: "all", want: keyOf(KeyPart{{Kind: KeyAll}}), shown: "all"},
		"a field":     {text: "header:X-Api-Key", want: keyOf(KeyPart{{KeyHeader, "x-api-key"}}), shown: "header:x-api-key"},
		"a cookie":    {text: "cookie:Session", want: keyOf(KeyPart{{KeyCookie, "Session"}}), shown: "cookie:Session"},
		"several": {
			text: "address + method+path", want: keyOf(KeyPart{address}, KeyPart{{Kind: KeyMethod}}, KeyPart{{Kind: KeyPath}}),
			shown: "address+method+path",
		},
		"the first": {
			text: "header:X-Api-Key | address + path", shown: "header:x-api-key|address+path",
			want: keyOf(KeyPart{{KeyHeader, "x-api-key"}, address}, KeyPart{{Kind: KeyPath}}),
		},
		"nothing":            {text: "", fault: "want address, method"},
		"nothing between":    {text: "address++path", fault: "want address, method"},
		"another kind":       {text: "user", fault: `not "user"`},
		"a field without":    {text: "header:", fault: "want header:NAME"},
		"a field with space": {text: "header:X Y", fault: "want header:NAME"},
		"a name too many":    {text: "path:2", fault: "want path without a name"},
	})
}

func FuzzLimitKey(f *testing.F) {
	for _, seed := range []string{"address", "header:x|address+path", "cookie:a+all"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		key, err := parseLimitKey(text, "")
		if err != nil {
			return
		}
		again, err := parseLimitKey(formatLimitKey(reflect.ValueOf(key)), "")
		require.NoError(t, err)
		assert.Equal(t, key, again)
	})
}
