// Print the text in a picture: java -cp gson.jar ReadText.java IMAGE [URL]        (Java 17 or newer, and Gson)

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonSyntaxException;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

public class ReadText {
    /** The lines of text in a picture; throws IOException with the server's own words. */
    static List<String> readText(Path image, URI url) throws IOException, InterruptedException {
        String file = Base64.getEncoder().encodeToString(Files.readAllBytes(image));
        HttpRequest request = HttpRequest.newBuilder(url)
                .header("Content-Type", "application/json")
                .header("X-Hub-Strict", "1") // a file that is not an image is an error
                .timeout(Duration.ofSeconds(60))
                .POST(HttpRequest.BodyPublishers.ofString("{\"images\": [\"" + file + "\"]}"))
                .build();
        HttpResponse<String> reply =
                HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        JsonObject answer;
        try {
            answer = JsonParser.parseString(reply.body()).getAsJsonObject();
        } catch (JsonSyntaxException | IllegalStateException error) {
            throw new IOException("HTTP " + reply.statusCode() + ", and no JSON", error);
        }
        if (reply.statusCode() != 200) {
            throw new IOException("HTTP " + reply.statusCode() + ": " + answer.get("msg").getAsString());
        }
        List<String> texts = new ArrayList<>();
        for (var line : answer.getAsJsonArray("results").get(0).getAsJsonArray()) {
            texts.add(line.getAsJsonObject().get("text").getAsString());
        }
        return texts;
    }

    public static void main(String[] arguments) throws InterruptedException {
        URI url = URI.create(arguments.length > 1 ? arguments[1] : "http://127.0.0.1:8868/predict/ocr_system");
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        try {
            readText(Path.of(arguments[0]), url).forEach(out::println);
        } catch (IOException error) {
            System.err.println(url + ": " + error);
            System.exit(1);
        }
    }
}
