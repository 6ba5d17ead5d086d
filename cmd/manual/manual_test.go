package manual

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"forebay/config"
)

func TestCommandsAreCompleteAndDistinct(t *testing.T) {
	var names, groups []string
	for _, command := range Commands {
		assert.NotContains(t, names, command.Name)
		names = append(names, command.Name)
		assert.NotEmpty(t, command.Help, command.Name)
		assert.False(t, strings.HasSuffix(command.Help, "."), "help of %s ends with a full stop", command.Name)
		if len(groups) == 0 || groups[len(groups)-1] != command.Group {
			assert.NotContains(t, groups, command.Group, "%s stands in two places", command.Group)
			groups = append(groups, command.Group)
		}
	}
	assert.Equal(t, names, Names())
}

func TestOptionsOfACommandAreDistinct(t *testing.T) {
	for _, command := range append(slices.Clone(Commands), Serve) {
		var seen []string
		for _, option := range command.All() {
			assert.NotEmpty(t, option.Help, option.Long)
			words := []string{"--" + option.Long}
			if option.Short != "" {
				words = append(words, "-"+option.Short)
			}
			for _, word := range words {
				assert.NotContains(t, seen, word, command.Name)
				seen = append(seen, word)
			}
		}
	}
}

func TestSettingsAreAllThatHaveAnOption(t *testing.T) {
	var want, got []string
	for _, setting := range config.Settings {
		if setting.Flag != "" {
			want = append(want, setting.Option())
		}
	}
	for _, group := range Settings() {
		for _, option := range group.Options {
			got = append(got, option.String())
		}
	}
	assert.Equal(t, want, got)
}

func TestSynopsis(t *testing.T) {
	cases := map[string]string{
		"check": "check [options] [MODULE[:CALLABLE]]", "compress": "compress [options] DIR...", "stack": "stack [options] [PID]", "completion": "completion bash|zsh|fish", "version": "version",
	}
	for name, want := range cases {
		command, known := Find(name)
		assert.True(t, known)
		assert.Equal(t, want, command.Synopsis())
	}
	assert.Equal(t, "[options] [MODULE[:CALLABLE]]", Serve.Synopsis())
	_, known := Find("chek")
	assert.False(t, known)
}
