<?php
// Print the text in a picture: php read_text.php IMAGE [URL]        (PHP 8)

/** The lines of text in a picture; throws RuntimeException with the server's own words. */
function read_text(string $image, string $url): array
{
    $file = @file_get_contents($image);
    if ($file === false) {
        throw new RuntimeException("cannot read $image");
    }
    $context = stream_context_create(['http' => [
        'method' => 'POST',
        'header' => "Content-Type: application/json\r\nX-Hub-Strict: 1",
        'content' => json_encode(['images' => [base64_encode($file)]]),
        'timeout' => 60,
        'ignore_errors' => true, // so that the reply to an error can be read
    ]]);
    $reply = @file_get_contents($url, false, $context);
    if ($reply === false) {
        throw new RuntimeException(error_get_last()['message'] ?? "no answer from $url");
    }
    $status = $http_response_header[0];
    $answer = json_decode($reply, true);
    if (!is_array($answer)) {
        throw new RuntimeException("$status, and no JSON");
    }
    if (!str_contains($status, ' 200 ')) {
        throw new RuntimeException("$status: $answer[msg]");
    }
    return array_column($answer['results'][0], 'text');
}

try {
    foreach (read_text($argv[1], $argv[2] ?? 'http://127.0.0.1:8868/predict/ocr_system') as $text) {
        echo $text, "\n";
    }
} catch (RuntimeException $error) {
    fwrite(STDERR, $error->getMessage() . "\n");
    exit(1);
}
