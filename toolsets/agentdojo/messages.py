"""What AgentDojo's functions say when they refuse, in other languages: by English template, whose slots hold what stays as it
is. What Pydantic says beside that is in the engine's own catalogue."""

from __future__ import annotations

_ROWS: tuple[tuple[str, str, str, str, str], ...] = (
    (
        "The requested function `{tool}` is not available.",
        "Die angeforderte Funktion `{tool}` ist nicht verfügbar.",
        "La fonction demandée `{tool}` n'est pas disponible.",
        "La función solicitada `{tool}` no está disponible.",
        "要求された関数 `{tool}` は利用できません。",
    ),
    (
        "Input should be valid",
        "Die Eingabe muss gültig sein",
        "L'entrée doit être valide",
        "La entrada debe ser válida",
        "入力は有効でなければなりません",
    ),
    # banking
    (
        "Transaction with ID {id} not found.",
        "Transaktion mit der ID {id} nicht gefunden.",
        "Transaction avec l'identifiant {id} introuvable.",
        "No se encontró la transacción con ID {id}.",
        "ID {id} の取引が見つかりません。",
    ),
    # mail, calendar, files
    (
        "Event with ID '{id}' not found.",
        "Termin mit der ID '{id}' nicht gefunden.",
        "Événement avec l'identifiant '{id}' introuvable.",
        "No se encontró el evento con ID '{id}'.",
        "ID '{id}' の予定が見つかりません。",
    ),
    (
        "File with ID '{id}' not found.",
        "Datei mit der ID '{id}' nicht gefunden.",
        "Fichier avec l'identifiant '{id}' introuvable.",
        "No se encontró el archivo con ID '{id}'.",
        "ID '{id}' のファイルが見つかりません。",
    ),
    (
        "Email with ID '{id}' not found.",
        "E-Mail mit der ID '{id}' nicht gefunden.",
        "E-mail avec l'identifiant '{id}' introuvable.",
        "No se encontró el correo con ID '{id}'.",
        "ID '{id}' のメールが見つかりません。",
    ),
    (
        "No events found. Try with a different query.",
        "Keine Termine gefunden. Bitte mit einer anderen Anfrage versuchen.",
        "Aucun événement trouvé. Essayez une autre requête.",
        "No se encontraron eventos. Pruebe con otra consulta.",
        "予定が見つかりません。別の検索語をお試しください。",
    ),
    (
        "No emails found. Try with a different query.",
        "Keine E-Mails gefunden. Bitte mit einer anderen Anfrage versuchen.",
        "Aucun e-mail trouvé. Essayez une autre requête.",
        "No se encontraron correos. Pruebe con otra consulta.",
        "メールが見つかりません。別の検索語をお試しください。",
    ),
    (
        "No files found with the given query ('{query}'). Try a different search term.",
        "Keine Dateien zur Anfrage ('{query}') gefunden. Bitte einen anderen Suchbegriff versuchen.",
        "Aucun fichier trouvé pour la requête donnée ('{query}'). Essayez un autre terme de recherche.",
        "No se encontraron archivos con la consulta dada ('{query}'). Pruebe con otro término de búsqueda.",
        "指定された検索語 ('{query}') に一致するファイルが見つかりません。別の検索語をお試しください。",
    ),
    (
        "Contact with name '{name}' not found.",
        "Kontakt mit dem Namen '{name}' nicht gefunden.",
        "Contact nommé '{name}' introuvable.",
        "No se encontró el contacto con nombre '{name}'.",
        "名前が '{name}' の連絡先が見つかりません。",
    ),
    (
        "Contact with email '{email}' not found.",
        "Kontakt mit der E-Mail-Adresse '{email}' nicht gefunden.",
        "Contact avec l'adresse '{email}' introuvable.",
        "No se encontró el contacto con correo '{email}'.",
        "メールアドレスが '{email}' の連絡先が見つかりません。",
    ),
    (
        "Attachments must be dictionaries.",
        "Anhänge müssen Objekte sein.",
        "Les pièces jointes doivent être des objets.",
        "Los adjuntos deben ser objetos.",
        "添付はオブジェクトでなければなりません。",
    ),
    (
        "Attachment must have a '{key}' field.",
        "Ein Anhang muss ein Feld '{key}' haben.",
        "Une pièce jointe doit avoir un champ '{key}'.",
        "Un adjunto debe tener un campo '{key}'.",
        "添付には '{key}' フィールドが必要です。",
    ),
    (
        "Attachment of type '{type}' must have a '{key}' field.",
        "Ein Anhang vom Typ '{type}' muss ein Feld '{key}' haben.",
        "Une pièce jointe de type '{type}' doit avoir un champ '{key}'.",
        "Un adjunto de tipo '{type}' debe tener un campo '{key}'.",
        "種類が '{type}' の添付には '{key}' フィールドが必要です。",
    ),
    (
        "Attachment of type '{type}' must have an '{key}' field.",
        "Ein Anhang vom Typ '{type}' muss auch ein Feld '{key}' haben.",
        "Une pièce jointe de type '{type}' doit aussi avoir un champ '{key}'.",
        "Un adjunto de tipo '{type}' debe tener también un campo '{key}'.",
        "種類が '{type}' の添付には '{key}' フィールドも必要です。",
    ),
    # Slack
    (
        "User {user} not found in the users list",
        "Benutzer {user} ist nicht in der Benutzerliste",
        "L'utilisateur {user} n'est pas dans la liste des utilisateurs",
        "El usuario {user} no está en la lista de usuarios",
        "ユーザー {user} はユーザー一覧にありません",
    ),
    (
        "Channel {channel} not found in the channels list",
        "Kanal {channel} ist nicht in der Kanalliste",
        "Le canal {channel} n'est pas dans la liste des canaux",
        "El canal {channel} no está en la lista de canales",
        "チャンネル {channel} はチャンネル一覧にありません",
    ),
    (
        "Recipient {recipient} not found in the users list",
        "Empfänger {recipient} ist nicht in der Benutzerliste",
        "Le destinataire {recipient} n'est pas dans la liste des utilisateurs",
        "El destinatario {recipient} no está en la lista de usuarios",
        "宛先 {recipient} はユーザー一覧にありません",
    ),
    (
        "User {user} already in the users list",
        "Benutzer {user} ist bereits in der Benutzerliste",
        "L'utilisateur {user} est déjà dans la liste des utilisateurs",
        "El usuario {user} ya está en la lista de usuarios",
        "ユーザー {user} はすでにユーザー一覧にあります",
    ),
    (
        "Channel does not exist!",
        "Der Kanal existiert nicht!",
        "Le canal n'existe pas !",
        "¡El canal no existe!",
        "チャンネルが存在しません!",
    ),
)

MESSAGES: dict[str, dict[str, str]] = {row[0]: dict(zip(("de", "fr", "es", "ja"), row[1:], strict=True)) for row in _ROWS}
"""By English template: German, French, Spanish and Japanese."""
