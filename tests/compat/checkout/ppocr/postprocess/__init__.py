"""Stand-in: from outputs of a network to results, by name."""


class TableLabelDecode(object):
    def __call__(self, columns):
        return "<html><body><table><tr>%s</tr></table></body></html>" % ("<td></td>" * int((columns > 0.5).sum()))


def build_post_process(config):
    return eval(config.pop("name"))(**config)
