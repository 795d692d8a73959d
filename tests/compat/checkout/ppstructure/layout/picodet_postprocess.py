"""Stand-in: boxes above a score, in pixels of the image."""


class PicoDetPostProcess(object):
    def __init__(self, score_threshold):
        self.score_threshold = score_threshold

    def __call__(self, img, scores, boxes):
        height, width = img.shape[:2]
        return [
            {"bbox": box * [width, height, width, height], "label": "text", "score": float(score)}
            for box, score in zip(boxes, scores)
            if score > self.score_threshold
        ]
