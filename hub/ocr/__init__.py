"""The library that the four OCR modules share: detector, classifier, recogniser, pipeline, geometry.

Images are uint8 (height, width, 3) arrays in BGR order throughout. The computation and its order
follow PaddleOCR 2.10 rule by rule, so that the same weights give the same text.
"""
