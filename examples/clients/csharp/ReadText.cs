// Print the text in a picture: dotnet run --project csharp -- IMAGE [URL]        (.NET 8 or newer)
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Text;
using System.Text.Json;
using System.Threading.Tasks;

static class ReadText
{
    /// <summary>The lines of text in a picture; HttpRequestException has the server's own words.</summary>
    static async Task<List<string>> Read(string image, string url)
    {
        string file = Convert.ToBase64String(File.ReadAllBytes(image));
        var body = new StringContent("{\"images\": [\"" + file + "\"]}", Encoding.UTF8, "application/json");
        body.Headers.Add("X-Hub-Strict", "1"); // a file that is not an image is an error
        using (var client = new HttpClient { Timeout = TimeSpan.FromSeconds(60) })
        using (HttpResponseMessage reply = await client.PostAsync(url, body))
        using (JsonDocument answer = JsonDocument.Parse(await reply.Content.ReadAsStringAsync()))
        {
            JsonElement root = answer.RootElement;
            if (!reply.IsSuccessStatusCode)
            {
                string message = root.GetProperty("msg").GetString();
                throw new HttpRequestException("HTTP " + (int)reply.StatusCode + ": " + message);
            }
            JsonElement lines = root.GetProperty("results")[0];
            return lines.EnumerateArray().Select(line => line.GetProperty("text").GetString()).ToList();
        }
    }

    static async Task<int> Main(string[] arguments)
    {
        string url = arguments.Length > 1 ? arguments[1] : "http://127.0.0.1:8868/predict/ocr_system";
        Console.OutputEncoding = new UTF8Encoding(false); // without a byte order mark
        try
        {
            foreach (string text in await Read(arguments[0], url))
            {
                Console.WriteLine(text);
            }
            return 0;
        }
        catch (Exception error) when (
            error is HttpRequestException || error is IOException
            || error is TaskCanceledException || error is JsonException)
        {
            Console.Error.WriteLine(error.Message);
            return 1;
        }
    }
}
