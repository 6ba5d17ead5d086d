package main

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
)

// A reload takes another token into force, but no other address, and then who is let in stays as it was checked for that.
func TestAdminAfterAReload(t *testing.T) {
	const first, second = "first token 0123", "second token 012"
	now := config.Default()
	now.Admin = config.Admin{Listen: "127.0.0.1:9000", Token: first}
	next := now
	next.Admin.Token = second
	assert.Equal(t, next.Admin, keepFixed(next, now, slog.New(slog.DiscardHandler)).Admin)
	next.Admin.Listen = "unix:/run/admin"
	assert.Equal(t, now.Admin, keepFixed(next, now, slog.New(slog.DiscardHandler)).Admin)
}

func TestWorkersDoNotKnowTheToken(t *testing.T) {
	got := withoutToken([]string{"A=1", "FOREBAY_ADMIN_TOKEN=x", "FOREBAY_ADMIN=unix:x"})
	assert.Equal(t, []string{"A=1", "FOREBAY_ADMIN=unix:x"}, got)
}

func TestCommandsReadWhatTheyNeed(t *testing.T) {
	cases := map[string]struct {
		toml string
		want string
	}{
		"nothing is said":          {"", "forebay: there is no admin listener: "},
		"faults, and no listener":  {"threads = 0", "forebay: forebay.toml:1: threads: want 1 or more, not 0\n"},
		"faults of something else": {"threads = 0\nadmin = 'unix:none'", "nobody listens there"},
		"faults of the listener":   {"admin = ':9000'", "forebay: forebay.toml:1: admin: want admin_token"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := runIn(t, c.toml, nil, "status")
			require.NotEqual(t, exitOK, got.code)
			assert.Contains(t, got.stderr, c.want)
		})
	}
}
