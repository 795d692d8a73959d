// Print the text in a picture: go run read_text.go IMAGE [URL]
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"time"
)

type line struct {
	Text string `json:"text"`
}

// readText returns the lines of text in a picture. The error has the server's own words.
func readText(image, url string) ([]line, error) {
	file, err := os.ReadFile(image)
	if err != nil {
		return nil, err
	}
	// encoding/json writes []byte as base64, which is what the server reads.
	body, err := json.Marshal(map[string][][]byte{"images": {file}})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Hub-Strict", "1") // a file that is not an image is an error
	client := http.Client{Timeout: 60 * time.Second}
	reply, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer reply.Body.Close()
	var answer struct {
		Msg     string          `json:"msg"`
		Results json.RawMessage `json:"results"` // "" in an error
	}
	if err := json.NewDecoder(reply.Body).Decode(&answer); err != nil {
		return nil, fmt.Errorf("%s, and no JSON: %w", reply.Status, err)
	}
	if reply.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", reply.Status, answer.Msg)
	}
	var images [][]line
	if err := json.Unmarshal(answer.Results, &images); err != nil {
		return nil, err
	}
	return images[0], nil
}

func main() {
	url := "http://127.0.0.1:8868/predict/ocr_system"
	if len(os.Args) > 2 {
		url = os.Args[2]
	}
	lines, err := readText(os.Args[1], url)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, line := range lines {
		fmt.Println(line.Text)
	}
}
