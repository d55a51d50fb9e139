package gateway

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
)

// fileError is an error about a file that is read at every dial.
type fileError struct {
	key string // of the configuration
	err error
}

func (e *fileError) Error() string { return e.key + ": " + e.err.Error() }
func (e *fileError) Unwrap() error { return e.err }

// token returns the access token, as it is now if it stands in a file. Errors name the file and never its content.
func (c Config) token() (string, error) {
	if c.AccessTokenFile == "" {
		return c.AccessToken, nil
	}
	token, err := readToken(c.AccessTokenFile)
	if err != nil {
		return "", &fileError{"access_token_file", err}
	}
	return token, nil
}

func readToken(path string) (string, error) {
	if info, err := os.Stat(path); err != nil {
		return "", err
	} else if !info.Mode().IsRegular() { // a pipe would keep the dial waiting
		return "", fmt.Errorf("%s is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	const longest = 16 << 10
	raw, err := io.ReadAll(io.LimitReader(f, longest+1))
	token := strings.TrimSpace(string(raw))
	switch {
	case err != nil:
		return "", err
	case len(raw) > longest:
		return "", fmt.Errorf("%s is longer than %d bytes", path, longest)
	case token == "":
		return "", fmt.Errorf("%s is empty", path)
	case !headerValue(token):
		return "", fmt.Errorf("%s has a control character, perhaps a second line", path)
	}
	return token, nil
}

// secrets returns the texts that must not be shown even if the far side or a proxy repeats them. Short ones, but for the
// token, are left out: they would mutilate what is said.
func (c Config) secrets(addr, token string, proxy *url.URL) []string {
	var all []string
	add := func(texts ...string) {
		for _, s := range texts {
			if len(s) >= 4 {
				all = append(all, s)
			}
		}
	}
	user := func(u *url.Userinfo) {
		if u != nil {
			password, _ := u.Password()
			add(u.Username(), password, u.String())
		}
	}
	for _, value := range c.Headers {
		add(value)
		add(strings.Fields(value)...)
	}
	if u, err := url.Parse(addr); err == nil {
		user(u.User)
		add(u.RawQuery)
		for _, values := range u.Query() {
			add(values...)
		}
	}
	if proxy != nil {
		user(proxy.User)
	}
	if token != "" {
		all = append(all, token)
	}
	for _, s := range slices.Clone(all) { // reasons are shown quoted
		quoted := strconv.Quote(s)
		all = append(all, quoted[1:len(quoted)-1], url.QueryEscape(s), url.PathEscape(s))
	}
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) }) // one may be a part of another
	return all
}

// redacted returns text without the secrets.
func redacted(text string, secrets []string) string {
	for _, s := range secrets {
		text = strings.ReplaceAll(text, s, "***")
	}
	return text
}

// checkToken returns the key that is wrong about the access token.
func (c Config) checkToken() (string, error) {
	switch {
	case c.AccessToken != "" && c.AccessTokenFile != "":
		return "access_token_file", errors.New("excludes access_token")
	case !headerValue(c.AccessToken):
		return "access_token", errors.New("has a control character, perhaps a line break")
	}
	_, err := c.token()
	if fe, ok := errors.AsType[*fileError](err); ok {
		return fe.key, fe.err
	}
	return "", err
}
