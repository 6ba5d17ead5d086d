package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
)

func helpOf(width int) string {
	var help bytes.Buffer
	writeHelp(&help, width)
	return help.String()
}

func TestHelpFitsItsWidth(t *testing.T) {
	for _, width := range []int{plainWidth, widest} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			longest := 0
			for line := range strings.Lines(helpOf(width)) {
				line = strings.TrimSuffix(line, "\n")
				longest = max(longest, utf8.RuneCountInString(line))
				assert.LessOrEqual(t, utf8.RuneCountInString(line), width, line)
				assert.Equal(t, strings.TrimRight(line, " "), line, "spaces at the end")
			}
			assert.Greater(t, longest, width-8, "the width is not used")
		})
	}
}

func TestHelpHasEveryOptionUnderItsGroup(t *testing.T) {
	help := strings.Join(strings.Fields(helpOf(plainWidth)), " ")
	for _, setting := range config.Settings {
		if setting.Flag == "" {
			continue
		}
		assert.Contains(t, help, " "+setting.Group+": ")
		option := setting.Option() + " " + setting.Help
		if setting.Short != "" {
			option = "-" + setting.Short + ", " + option
		}
		if value := setting.Value(config.Default()); value != "" {
			option += " (default " + value + ")"
		}
		assert.Contains(t, help, option)
	}
}

func TestWrap(t *testing.T) {
	cases := map[string]struct {
		text string
		want []string
	}{
		"fits":                {"one two", []string{"one two"}},
		"breaks between":      {"one two three", []string{"one two", "three"}},
		"a word too long":     {"a incomprehensible b", []string{"a", "incomprehensible", "b"}},
		"counts letters":      {"größe übel", []string{"größe", "übel"}},
		"keeps what it keeps": {"one (a" + noBreak + "b)", []string{"one", "(a" + noBreak + "b)"}},
		"nothing":             {"", []string{""}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, wrap(c.text, 8)) })
	}
}

func TestWidthOfWhatIsNoTerminal(t *testing.T) {
	assert.Equal(t, plainWidth, width(&bytes.Buffer{}))
	file, err := os.CreateTemp(t.TempDir(), "")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, file.Close()) })
	assert.Equal(t, plainWidth, width(file))
}
