package config

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestDefaultsAsLinesOfAFileAreTheDefaults: whoever takes a comment sign away changes nothing.
func TestDefaultsAsLinesOfAFileAreTheDefaults(t *testing.T) {
	for _, setting := range Settings {
		if setting.kind.mapping {
			continue // [] is none, but no array of tables
		}
		dir := t.TempDir()
		writeFile(t, dir, "forebay.toml", setting.DefaultLine())
		reading := mustRead(t, Sources{Dir: dir})
		assert.Equal(t, setting.Value(Default()), setting.Value(reading.Config), setting.Key)
		assert.Contains(t, reading.Origins, setting.Key)
	}
}

func TestSettingsAsLinesOfAFile(t *testing.T) {
	cases := map[string]string{
		"workers": "workers = 0", "bind": `bind = ["127.0.0.1:8000"]`, "body_size": `body_size = "16MiB"`, "timeout": `timeout = "30s"`,
		"preload": "preload = false", "forwarded_allow_ips": "forwarded_allow_ips = []", "admin": `admin = ""`, "access_log_sample": "access_log_sample = 1",
	}
	for key, want := range cases {
		setting, known := Find(key)
		require.True(t, known)
		assert.Equal(t, want, setting.DefaultLine())
	}
}

func TestTextsOfAFileAreReadBack(t *testing.T) {
	for _, text := range []string{"", "shop.wsgi:app", `a "b" \c`, "a\nb\tc\x00\x7f", "größe <&>\u2028"} {
		dir := t.TempDir()
		writeFile(t, dir, "forebay.toml", "name = "+Quote(text))
		assert.Equal(t, text, mustRead(t, Sources{Dir: dir}).Config.Process.Name)
	}
}
